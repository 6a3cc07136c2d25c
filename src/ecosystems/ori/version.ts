/** Long enough for anybody; the version is part of paths and of the log. */
const MAX_VERSION_CHARS = 64
const NUMBER = '(0|[1-9]\\d*)'
const LABEL = '(?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)'
const VERSION = new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-(${LABEL}(?:\\.${LABEL})*))?$`)

/** Whether this is `major.minor.patch` with perhaps a pre-release; build metadata never is. */
export function isVersion(raw: string): boolean {
  return raw.length <= MAX_VERSION_CHARS && VERSION.test(raw)
}

/** Whether a version comes before the release that it is named after: `1.0.0-alpha`. */
export function isPrerelease(version: string): boolean {
  return version.includes('-')
}

/** The order of Semantic Versioning 2.0.0 §11; text that is no version comes first, byte by byte. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [VERSION.exec(a), VERSION.exec(b)]
  if (!left || !right) return Number(left !== null) - Number(right !== null) || compareText(a, b)
  for (const part of [1, 2, 3]) {
    const order = compareNumbers(left[part] ?? '', right[part] ?? '')
    if (order !== 0) return order
  }
  return comparePrereleases(left[4], right[4])
}

function comparePrereleases(a: string | undefined, b: string | undefined): number {
  // Without a pre-release it is the release itself, which comes last.
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined)
  const [left, right] = [a.split('.'), b.split('.')]
  for (const [at, label] of left.entries()) {
    const other = right[at]
    if (other === undefined) return 1
    const order = compareLabels(label, other)
    if (order !== 0) return order
  }
  return left.length - right.length
}

function compareLabels(a: string, b: string): number {
  const [isNumber, isOtherNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)]
  if (isNumber && isOtherNumber) return compareNumbers(a, b)
  if (isNumber !== isOtherNumber) return isNumber ? -1 : 1
  return compareText(a, b)
}

/** Digits without leading zeros, of whatever length. */
function compareNumbers(a: string, b: string): number {
  return a.length - b.length || compareText(a, b)
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
