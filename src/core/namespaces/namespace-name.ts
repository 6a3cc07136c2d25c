import { isReservedName } from '#core/accounts/reserved-names.ts'
import { RegistryError } from '#core/errors.ts'
import { namespaceKey } from './namespace-key.ts'

/** A namespace's name, lower-cased, and the key that makes two spellings one namespace. */
export interface NamespaceName {
  readonly name: string
  readonly key: string
}

const MAX_NAMESPACE_NAME_CHARS = 128

/** One part of an OCI repository path; without the `u` flag, `i` folds ASCII only. */
const PATTERN = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/i

/** Reads a namespace's name; nothing when it cannot be one. */
export function readNamespaceName(raw: string): NamespaceName | undefined {
  if (raw.length > MAX_NAMESPACE_NAME_CHARS || !PATTERN.test(raw)) return undefined
  return { name: raw.toLowerCase(), key: namespaceKey(raw) }
}

/** Reads the name of a namespace to be; throws `name_invalid`. */
export function parseNamespaceName(raw: string): NamespaceName {
  const parsed = readNamespaceName(raw)
  if (!parsed) {
    throw new RegistryError(
      'name_invalid',
      `a namespace is named with letters and digits, with '.', '_', '__' or '-' between them, at most ${MAX_NAMESPACE_NAME_CHARS}`,
    )
  }
  if (isReservedName(parsed.key)) {
    throw new RegistryError('name_invalid', `the name ${parsed.name} is reserved`)
  }
  return parsed
}
