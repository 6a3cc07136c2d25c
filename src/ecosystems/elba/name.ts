import type { ParsedName } from '#core/ecosystem.ts'
import { RegistryError } from '#core/errors.ts'
import { namespaceKey } from '#core/namespaces/namespace-key.ts'
import type { Package, PackageRef } from '#core/packages/package.ts'

const MAX_PART_CHARS = 64
const PART = /^[A-Za-z0-9_-]+$/

/** Words of the protocol's own paths: a group called so could not be told from them. */
const RESERVED_GROUPS: ReadonlySet<string> = new Set(['packages', 'users'])

/** Clients have one file per package on their disk, called like it. */
const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])$/

/** A name in its two parts, as answers have it. */
export interface SpelledName {
  readonly group: string
  readonly package: string
}

/** Parses `group/name`. Spellings that differ in case, or in `_` and `-`, are one name. */
export function parseName(raw: string): ParsedName & { readonly spelling: string } {
  const [namespace = '', name = '', ...rest] = raw.split('/')
  if (rest.length > 0) throw invalid(raw, 'it has more than one slash')
  const problem = whyNoPart('group', namespace) ?? whyNoPart('name', name)
  if (problem !== undefined) throw invalid(raw, problem)
  if (RESERVED_GROUPS.has(normalise(namespace))) {
    throw invalid(raw, `the group ${namespace} is reserved`)
  }
  return { namespace, name, key: normalise(name), spelling: raw }
}

/** The normalised name: the one that has a file in the index, whatever it was spelled like. */
export function formatName({ namespace, name }: { namespace: string; name: string }): string {
  return `${namespaceKey(namespace)}/${normalise(name)}`
}

/** Which package a name means. */
export function packageRef(raw: string): PackageRef {
  return { ecosystem: 'elba', ...parseName(raw) }
}

/** Reads a name where none is no failure of the request. */
export function readName(raw: string): ParsedName | undefined {
  try {
    return parseName(raw)
  } catch (error) {
    if (error instanceof RegistryError) return undefined
    throw error
  }
}

/** A package's name as its first publisher wrote it; after a move, in its new group. */
export function spelledName(of: Pick<Package, 'path' | 'name' | 'spelling'>): SpelledName {
  const [group = '', name = ''] = (of.spelling ?? of.path).split('/')
  return { group, package: of.spelling === null ? of.name : name }
}

/** ASCII lower-case, and `-` for `_`. */
export function normalise(part: string): string {
  return part.toLowerCase().replaceAll('_', '-')
}

function whyNoPart(which: 'group' | 'name', part: string): string | undefined {
  if (part === '') return `it has no ${which}: names are group/name`
  if (!PART.test(part)) return `the ${which} may have letters, digits, _ and - only, all ASCII`
  if (part.length > MAX_PART_CHARS) {
    return `the ${which} has ${part.length} characters and may have ${MAX_PART_CHARS}`
  }
  return WINDOWS_DEVICE.test(part.toLowerCase()) ? `Windows reserves ${part}` : undefined
}

function invalid(raw: string, why: string): RegistryError {
  return new RegistryError('name_invalid', `not an elba package: ${raw.slice(0, 150)}: ${why}`)
}
