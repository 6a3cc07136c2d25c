import { compareParts, formatVersion, parseVersion, type VersionParts } from './version.ts'

/** Versions from `lower` on, and before `upper`. */
export interface Range {
  readonly lower: VersionParts
  readonly upper: VersionParts
}

const MAX_RANGE_CHARS = 100

/** Reads `1.0.0 <= v < 2.0.0`, with or without the spaces; nothing for a range of no version. */
export function parseRange(raw: string): Range | undefined {
  if (raw.length > MAX_RANGE_CHARS) return undefined
  const [first = '', second = '', ...rest] = raw.replaceAll(' ', '').split('<=v<')
  const [lower, upper] = [parseVersion(first), parseVersion(second)]
  if (!lower || !upper || rest.length > 0 || compareParts(lower, upper) >= 0) return undefined
  return { lower, upper }
}

/** As the client writes it. */
export function formatRange({ lower, upper }: Range): string {
  return `${formatVersion(lower)} <= v < ${formatVersion(upper)}`
}

/** Whether a version is in a range. */
export function isInRange(version: string, { lower, upper }: Range): boolean {
  const parts = parseVersion(version)
  return parts !== undefined && compareParts(lower, parts) <= 0 && compareParts(parts, upper) < 0
}

/** The versions that may take the place of one: up to the next major, before 1.0.0 the next minor. */
export function compatibleRange(version: VersionParts): Range {
  const [major, minor] = version
  return { lower: version, upper: major === 0 ? [0, minor + 1, 0] : [major + 1, 0, 0] }
}
