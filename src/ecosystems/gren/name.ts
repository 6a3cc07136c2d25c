import type { ParsedName } from '#core/ecosystem.ts'
import { RegistryError } from '#core/errors.ts'
import { namespaceKey } from '#core/namespaces/namespace-key.ts'
import type { Package, PackageRef } from '#core/packages/package.ts'

/** The longest author: that of a publishing identity. */
const MAX_AUTHOR_CHARS = 39
const MAX_PROJECT_CHARS = 255
const AUTHOR = /^[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$/
const PROJECT = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/

/** The one author whose packages may have kernel code. */
export const KERNEL_AUTHOR = 'gren-lang'

/** Why this cannot be an author, which is the name of a publishing identity; nothing when it can. */
export function whyNoAuthor(raw: string): string | undefined {
  if (raw.length > MAX_AUTHOR_CHARS)
    return `the author has more than ${MAX_AUTHOR_CHARS} characters`
  if (AUTHOR.test(raw)) return undefined
  return 'the author is not letters and digits with single hyphens between them'
}

/** Parses `author/project`; the author is the publishing identity, which may be written in capitals. */
export function parseName(raw: string): ParsedName {
  const parts = raw.split('/')
  const [namespace = '', name = ''] = parts
  if (parts.length !== 2) throw invalid(raw, 'it is not author/project')
  const problem = whyNoAuthor(namespace) ?? whyNoProject(name)
  if (problem !== undefined) throw invalid(raw, problem)
  return { namespace, name, key: name, spelling: raw }
}

/** The inverse of parseName; an author is written as the key that its namespace has. */
export function formatName({ namespace, name }: { namespace: string; name: string }): string {
  return `${namespaceKey(namespace)}/${name}`
}

/**
 * What the client's files make of a name: `a-b/c` and `a/b-c` are both `a_b_c`. No two packages may
 * share it.
 */
export function foldName(path: string): string {
  return path.toLowerCase().replace(/[-./]/g, '_')
}

/** Which package a name means. */
export function packageRef(raw: string): PackageRef {
  return { ecosystem: 'gren', ...parseName(raw) }
}

/** The name of a package as its gren.json has it. */
export function nameOf({ spelling, path }: Pick<Package, 'spelling' | 'path'>): string {
  return spelling ?? path
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

function whyNoProject(raw: string): string | undefined {
  if (raw.length > MAX_PROJECT_CHARS) {
    return `the project has more than ${MAX_PROJECT_CHARS} characters`
  }
  if (PROJECT.test(raw)) return undefined
  return 'the project is not lower-case letters and digits with single hyphens between them, a letter first'
}

function invalid(raw: string, why: string): RegistryError {
  return new RegistryError('name_invalid', `not a Gren package: ${raw.slice(0, 100)}: ${why}`)
}
