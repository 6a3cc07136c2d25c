import { isObject } from '#ecosystems/gren/bundle.ts'
import { formatRange, parseRange } from '#ecosystems/gren/range.ts'

/** The order in which the client writes them; what else there is comes last. */
const KEYS = [
  'type',
  'platform',
  'name',
  'summary',
  'license',
  'version',
  'exposed-modules',
  'gren-version',
  'dependencies',
]

/** A package's outline as the client writes it into a bundle. What is wrong in it stays wrong. */
export function printOutline(outline: Readonly<Record<string, unknown>>): object {
  const keys = [...new Set([...KEYS, ...Object.keys(outline)])]
  const entries = keys.flatMap((key) => {
    if (!Object.hasOwn(outline, key)) return []
    const value = outline[key]
    if (key === 'gren-version') return [[key, printRange(value)] as const]
    if (key === 'dependencies' && isObject(value)) return [[key, printRanges(value)] as const]
    return [[key, value] as const]
  })
  return Object.fromEntries(entries)
}

function printRanges(ranges: Readonly<Record<string, unknown>>): object {
  const names = Object.keys(ranges).sort()
  return Object.fromEntries(names.map((name) => [name, printRange(ranges[name])]))
}

function printRange(raw: unknown): unknown {
  const range = typeof raw === 'string' ? parseRange(raw) : undefined
  return range ? formatRange(range) : raw
}
