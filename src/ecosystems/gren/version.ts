/** Gren's own number type holds no more exactly; nobody has more. */
const MAX_PART = 2 ** 31 - 1
const PART = '(0|[1-9]\\d{0,9})'
const VERSION = new RegExp(`^${PART}\\.${PART}\\.${PART}$`)

/** The three numbers of a version. */
export type VersionParts = readonly [major: number, minor: number, patch: number]

/** Reads `1.2.3`: three whole numbers, nothing before or behind. */
export function parseVersion(raw: string): VersionParts | undefined {
  const match = VERSION.exec(raw)
  if (!match) return undefined
  const [major, minor, patch] = [Number(match[1]), Number(match[2]), Number(match[3])]
  return Math.max(major, minor, patch) > MAX_PART ? undefined : [major, minor, patch]
}

/** Whether this is a version. */
export function isVersion(raw: string): boolean {
  return parseVersion(raw) !== undefined
}

/** As it is written. */
export function formatVersion([major, minor, patch]: VersionParts): string {
  return `${major}.${minor}.${patch}`
}

/** Number by number. */
export function compareParts(a: VersionParts, b: VersionParts): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2]
}

/** The order of versions; text that is none comes first, character by character. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parseVersion(a), parseVersion(b)]
  if (left && right) return compareParts(left, right)
  return Number(left !== undefined) - Number(right !== undefined) || (a < b ? -1 : a > b ? 1 : 0)
}

const FIRST_VERSION = '1.0.0'

/**
 * The versions that may come next: the next major of the newest, the next minor of the last of each
 * major, the next patch of the last of each minor. Versions that were revoked count: they stay taken.
 */
export function reachableVersions(taken: readonly string[]): string[] {
  const known = taken.flatMap((one) => {
    const parts = parseVersion(one)
    return parts ? [parts] : []
  })
  if (known.length === 0) return [FIRST_VERSION]
  const lastOfMajor = new Map<number, VersionParts>()
  const lastOfMinor = new Map<string, VersionParts>()
  for (const version of known.sort(compareParts)) {
    lastOfMajor.set(version[0], version)
    lastOfMinor.set(`${version[0]}.${version[1]}`, version)
  }
  const newest = known.at(-1) ?? [0, 0, 0]
  const next: VersionParts[] = [[newest[0] + 1, 0, 0]]
  for (const [major, minor] of lastOfMajor.values()) next.push([major, minor + 1, 0])
  for (const [major, minor, patch] of lastOfMinor.values()) next.push([major, minor, patch + 1])
  return next.sort(compareParts).map(formatVersion)
}
