import { comparePrecedence, printPrecedence, type Version } from './version.ts'

/** One end of a range. */
export interface Bound {
  readonly version: Version
  readonly isInclusive: boolean
  /** `!`: pre-releases of the bound are meant too. Only where that makes a difference. */
  readonly hasBang: boolean
}

/** The versions between two bounds; without bounds, any. */
export interface Range {
  readonly lower?: Bound
  readonly upper?: Bound
}

/** A bound as it counts: `!` makes no difference on `>` and `<=`, nor beside a pre-release. */
export function lowerBound(version: Version, isInclusive: boolean, hasBang: boolean): Bound {
  return { version, isInclusive, hasBang: hasBang && isInclusive && version.pre.length === 0 }
}

/** The same at the other end. */
export function upperBound(version: Version, isInclusive: boolean, hasBang: boolean): Bound {
  return { version, isInclusive, hasBang: hasBang && !isInclusive && version.pre.length === 0 }
}

/** Whether no version at all can be in the range. */
export function isEmptyRange({ lower, upper }: Range): boolean {
  if (!lower || !upper) return false
  const order = comparePrecedence(lower.version, upper.version)
  if (order !== 0) return order > 0
  // Both with a bang: the pre-releases of that version.
  if (lower.hasBang && upper.hasBang) return false
  return !(lower.isInclusive && upper.isInclusive)
}

/** Whether a version is in the range. */
export function isInRange({ lower, upper }: Range, version: Version): boolean {
  return (!lower || isAbove(version, lower)) && (!upper || isBelow(version, upper))
}

/** The range as it is written in the index. */
export function printRange({ lower, upper }: Range): string {
  const from = lower && `>${printBound(lower)}`
  const to = upper && `<${printBound(upper)}`
  return [from, to].filter((part) => part !== undefined).join(' ') || 'any'
}

/** Sorted, and those that overlap or meet in one. */
export function mergeRanges(ranges: readonly Range[]): Range[] {
  const merged: Range[] = []
  for (const range of ranges.toSorted((a, b) => compareLower(a.lower, b.lower))) {
    const last = merged.at(-1)
    if (last && isTouching(last, range)) merged[merged.length - 1] = joinRanges(last, range)
    else merged.push(range)
  }
  return merged
}

/** Both begin in order, so the first one's beginning is that of the whole. */
function joinRanges(first: Range, second: Range): Range {
  const { lower } = first
  const upper = compareUpper(first.upper, second.upper) < 0 ? second.upper : first.upper
  return { ...(lower && { lower }), ...(upper && { upper }) }
}

function isAbove(version: Version, { version: bound, isInclusive, hasBang }: Bound): boolean {
  const order = comparePrecedence(hasBang ? { ...version, pre: [] } : version, bound)
  return isInclusive ? order >= 0 : order > 0
}

/** Below an open bound there are no pre-releases, unless it is one itself or has a `!`. */
function isBelow(version: Version, { version: bound, isInclusive, hasBang }: Bound): boolean {
  const order = comparePrecedence(version, bound)
  if (isInclusive) return order <= 0
  return order < 0 && (version.pre.length === 0 || bound.pre.length > 0 || hasBang)
}

/** Whether the second, which begins later, begins no later than where the first one ends. */
function isTouching({ upper }: Range, { lower }: Range): boolean {
  if (!upper || !lower) return true
  const order = comparePrecedence(firstOf(lower), upper.version)
  return order < 0 || (order === 0 && (upper.isInclusive || lower.isInclusive))
}

/** Where a bound really begins: with a bang, at the least pre-release there can be. */
function firstOf({ version, hasBang }: Bound): Version {
  return hasBang ? { ...version, pre: ['0'] } : version
}

function compareLower(a: Bound | undefined, b: Bound | undefined): number {
  if (!a || !b) return Number(a !== undefined) - Number(b !== undefined)
  return (
    comparePrecedence(firstOf(a), firstOf(b)) ||
    Number(b.isInclusive) - Number(a.isInclusive) ||
    // The same said in two ways: one of them is written, whatever the order they came in.
    Number(b.hasBang) - Number(a.hasBang)
  )
}

function compareUpper(a: Bound | undefined, b: Bound | undefined): number {
  if (!a || !b) return Number(a === undefined) - Number(b === undefined)
  const order = comparePrecedence(a.version, b.version)
  return (
    order || Number(a.isInclusive) - Number(b.isInclusive) || Number(a.hasBang) - Number(b.hasBang)
  )
}

function printBound({ version, isInclusive, hasBang }: Bound): string {
  return `${isInclusive ? '=' : ''}${hasBang ? '!' : ''}${printPrecedence(version)}`
}
