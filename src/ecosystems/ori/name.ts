import type { ParsedName } from '#core/ecosystem.ts'
import { RegistryError } from '#core/errors.ts'
import { namespaceKey } from '#core/namespaces/namespace-key.ts'
import type { PackageRef } from '#core/packages/package.ts'

/** The seed's "max 64 chars" stands under the full form, so it is taken for the whole `@scope/name`. */
const MAX_NAME_CHARS = 64
const PART = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/

/** Neither a scope nor a name: they mean something else to the tools, or to people. */
const RESERVED: ReadonlySet<string> = new Set([
  'build',
  'dist',
  'example',
  'examples',
  'internal',
  'out',
  'private',
  'temp',
  'test',
  'tests',
  'tmp',
])

/** Parses `@scope/name`; the `@` may be missing, as in paths. */
export function parseName(raw: string): ParsedName {
  const parts = raw.replace(/^@/, '').split('/')
  const [namespace = '', name = ''] = parts
  if (parts.length !== 2) throw invalid(raw, 'it is not @scope/name')
  const problem = whyNoPart('scope', namespace) ?? whyNoPart('name', name)
  if (problem !== undefined) throw invalid(raw, problem)
  const chars = namespace.length + name.length + 2
  if (chars > MAX_NAME_CHARS) {
    throw invalid(raw, `it has ${chars} characters and @scope/name may have ${MAX_NAME_CHARS}`)
  }
  return { namespace, name, key: name }
}

/** The inverse of parseName; a scope is written as the key that its namespace has. */
export function formatName({ namespace, name }: { namespace: string; name: string }): string {
  return `@${namespaceKey(namespace)}/${name}`
}

/** Which package a name means. */
export function packageRef(raw: string): PackageRef {
  return { ecosystem: 'ori', ...parseName(raw) }
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

function whyNoPart(which: 'scope' | 'name', part: string): string | undefined {
  if (!PART.test(part)) {
    return `the ${which} is not lower-case letters and digits with single hyphens between them, a letter first`
  }
  if (part.startsWith('std')) return `a ${which} that begins with std is the standard library's`
  return RESERVED.has(part) ? `the ${which} ${part} is reserved` : undefined
}

function invalid(raw: string, why: string): RegistryError {
  return new RegistryError('name_invalid', `not an Ori package: ${raw.slice(0, 100)}: ${why}`)
}
