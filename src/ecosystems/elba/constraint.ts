import {
  type Bound,
  isEmptyRange,
  isInRange,
  lowerBound,
  mergeRanges,
  printRange,
  type Range,
  upperBound,
} from './range.ts'
import { plainVersion, readVersion, type Version } from './version.ts'

/** Which versions of a package will do: those in any of the ranges. Sorted, and none overlaps another. */
export type Constraint = readonly Range[]

const MAX_CONSTRAINT_CHARS = 1_000
/** `1`, `1.2`, or a whole version without build metadata. */
const BARE = '(?:\\d[0-9A-Za-z.-]*)'
const CARET = new RegExp(`^\\^?\\s*(${BARE})$`)
const TILDE = new RegExp(`^~\\s*(${BARE})$`)
// Every run of spaces belongs to one place only: a choice of places would be tried in each combination.
const SIGN = '\\s*(?:(=)\\s*)?(?:(!)\\s*)?'
const INTERVAL = new RegExp(`^(?:>${SIGN}(${BARE})\\s*)?(?:<${SIGN}(${BARE}))?$`)

/**
 * Reads a constraint, all of it; a text says what is wrong instead. Ranges are joined by commas; each
 * is `any`, caret (`^1.2`, or just `1.2`), tilde (`~1.2`) or an interval (`>=1.0.0 <2.0.0`).
 */
export function parseConstraint(raw: string): Constraint | string {
  if (raw.length > MAX_CONSTRAINT_CHARS) {
    return `a constraint may have ${MAX_CONSTRAINT_CHARS} characters`
  }
  const ranges: Range[] = []
  for (const part of raw.split(',')) {
    const range = parseRange(part.trim())
    if (typeof range === 'string') return range
    ranges.push(range)
  }
  return mergeRanges(ranges)
}

/** The one way to write it: what the index and answers have. */
export function printConstraint(constraint: Constraint): string {
  return constraint.map(printRange).join(', ')
}

/** Whether a version will do. */
export function satisfies(constraint: Constraint, version: Version): boolean {
  return constraint.some((range) => isInRange(range, version))
}

/** Whether a bound is a pre-release, which the parsers of old clients cut off. */
export function hasPreReleaseBound(constraint: Constraint): boolean {
  return constraint.some(({ lower, upper }) =>
    [lower, upper].some((bound) => bound !== undefined && bound.version.pre.length > 0),
  )
}

function parseRange(text: string): Range | string {
  if (text === 'any') return {}
  if (text === '') return 'an empty range; write any for all versions'
  const caret = CARET.exec(text)?.[1]
  if (caret !== undefined) return spanOf(caret, afterCaret)
  const tilde = TILDE.exec(text)?.[1]
  if (tilde !== undefined) return spanOf(tilde, afterTilde)
  const interval = INTERVAL.exec(text)
  return interval ? intervalOf(interval, text) : `${shown(text)} is no range`
}

/** A version of which the end may be missing. */
interface BareVersion {
  readonly version: Version
  readonly hasMinor: boolean
  readonly hasPatch: boolean
}

function spanOf(raw: string, after: (bare: BareVersion) => Version): Range | string {
  const bare = readBare(raw)
  if (!bare) return `${shown(raw)} is no version`
  const upper = after(bare)
  if (!Object.values(upper).every((part) => typeof part !== 'number' || part < 2 ** 53 - 1)) {
    return `${shown(raw)} has too large a number`
  }
  return {
    lower: lowerBound(bare.version, true, false),
    upper: upperBound(upper, false, false),
  }
}

/** The next version that may break: the leftmost number that is not zero goes up. */
function afterCaret({ version: { major, minor, patch }, hasMinor, hasPatch }: BareVersion) {
  if (major > 0 || !hasMinor) return plainVersion(major + 1, 0, 0)
  // 0.0 is written for all of 0.0.x, as upstream's document has it.
  if (minor > 0 || !hasPatch) return plainVersion(0, minor + 1, 0)
  return plainVersion(0, 0, patch + 1)
}

function afterTilde({ version: { major, minor }, hasMinor }: BareVersion): Version {
  return hasMinor ? plainVersion(major, minor + 1, 0) : plainVersion(major + 1, 0, 0)
}

function intervalOf(parts: RegExpExecArray, text: string): Range | string {
  const [, lowerEqual, lowerBang, rawLower, upperEqual, upperBang, rawUpper] = parts
  const lower = rawLower === undefined ? undefined : readBare(rawLower)
  const upper = rawUpper === undefined ? undefined : readBare(rawUpper)
  for (const [raw, bare] of [
    [rawLower, lower],
    [rawUpper, upper],
  ] as const) {
    if (raw !== undefined && !bare) return `${shown(raw)} is no version`
  }
  const range = {
    ...(lower && { lower: boundOf(lowerBound, lower, lowerEqual, lowerBang) }),
    ...(upper && { upper: boundOf(upperBound, upper, upperEqual, upperBang) }),
  }
  return isEmptyRange(range) ? `no version can be in ${shown(text)}` : range
}

function boundOf(
  make: typeof lowerBound,
  { version }: BareVersion,
  equal: string | undefined,
  bang: string | undefined,
): Bound {
  return make(version, equal === '=', bang === '!')
}

function readBare(raw: string): BareVersion | undefined {
  const dots = /^\d+(?:\.\d+)?$/.test(raw) ? raw.split('.').length : 3
  const filled = dots === 1 ? `${raw}.0.0` : dots === 2 ? `${raw}.0` : raw
  const version = readVersion(filled)
  return version && { version, hasMinor: dots > 1, hasPatch: dots > 2 }
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100))
}
