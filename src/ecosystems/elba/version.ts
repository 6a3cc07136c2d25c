/** Long enough for anybody; the version is part of paths and of the log. */
const MAX_VERSION_CHARS = 64
const NUMBER = '(0|[1-9]\\d*)'
const LABEL = '(?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)'
const VERSION = new RegExp(
  `^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-(${LABEL}(?:\\.${LABEL})*))?(?:\\+([0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*))?$`,
)

/** A version in its parts. */
export interface Version {
  readonly major: number
  readonly minor: number
  readonly patch: number
  /** Labels of the pre-release; empty for a release. */
  readonly pre: readonly string[]
  /** Build metadata, which says nothing about the order; empty when there is none. */
  readonly build: string
}

/** Reads a version by Semantic Versioning 2.0.0; nothing when it is none, or its numbers are absurd. */
export function readVersion(raw: string): Version | undefined {
  if (raw.length > MAX_VERSION_CHARS) return undefined
  const match = VERSION.exec(raw)
  if (!match) return undefined
  const [major, minor, patch] = [match[1], match[2], match[3]].map(Number)
  if (major === undefined || minor === undefined || patch === undefined) return undefined
  if (![major, minor, patch].every(Number.isSafeInteger)) return undefined
  return { major, minor, patch, pre: match[4]?.split('.') ?? [], build: match[5] ?? '' }
}

/** A version without pre-release and build metadata. */
export function plainVersion(major: number, minor: number, patch: number): Version {
  return { major, minor, patch, pre: [], build: '' }
}

/** The version as it is written. */
export function printVersion(version: Version): string {
  const { build } = version
  return build === '' ? printPrecedence(version) : `${printPrecedence(version)}+${build}`
}

/** The version without its build metadata: what its order depends on. */
export function printPrecedence({ major, minor, patch, pre }: Version): string {
  const core = `${major}.${minor}.${patch}`
  return pre.length === 0 ? core : `${core}-${pre.join('.')}`
}

/** The order of Semantic Versioning 2.0.0 §11, which is blind to build metadata. */
export function comparePrecedence(a: Version, b: Version): number {
  return (
    a.major - b.major || a.minor - b.minor || a.patch - b.patch || comparePreReleases(a.pre, b.pre)
  )
}

/** The same of text; text that is no version comes first, byte by byte. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [readVersion(a), readVersion(b)]
  if (left && right) return comparePrecedence(left, right)
  return Number(left !== undefined) - Number(right !== undefined) || compareText(a, b)
}

function comparePreReleases(a: readonly string[], b: readonly string[]): number {
  // Without a pre-release it is the release itself, which comes last.
  if (a.length === 0 || b.length === 0) return Number(a.length === 0) - Number(b.length === 0)
  for (const [at, label] of a.entries()) {
    const other = b[at]
    if (other === undefined) return 1
    const order = compareLabels(label, other)
    if (order !== 0) return order
  }
  return a.length - b.length
}

function compareLabels(a: string, b: string): number {
  const [isNumber, isOtherNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)]
  if (isNumber !== isOtherNumber) return isNumber ? -1 : 1
  // Digits without leading zeros, of whatever length.
  return (isNumber ? a.length - b.length : 0) || compareText(a, b)
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
