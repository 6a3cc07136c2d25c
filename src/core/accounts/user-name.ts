import { RegistryError } from '#core/errors.ts'
import { isReservedName } from './reserved-names.ts'

/** A user name, lower-cased, and the key that makes two spellings one user. */
export interface UserName {
  readonly name: string
  readonly key: string
}

const MAX_USER_NAME_CHARS = 64

// Without the `u` flag, `i` folds ASCII only: the Kelvin sign is no 'k'.
const PATTERN = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/i

/** Reads a user name; nothing when it cannot be one. */
export function readUserName(raw: string): UserName | undefined {
  if (raw.length > MAX_USER_NAME_CHARS || !PATTERN.test(raw)) return undefined
  const name = raw.toLowerCase()
  return { name, key: name.replaceAll('_', '-') }
}

/** Reads the name of a user to be; throws `name_invalid`. */
export function parseUserName(raw: string): UserName {
  const parsed = readUserName(raw)
  if (!parsed) {
    throw new RegistryError(
      'name_invalid',
      `a user name is letters and digits, with single '.', '_' or '-' between them, at most ${MAX_USER_NAME_CHARS}`,
    )
  }
  if (isReservedName(parsed.key)) {
    throw new RegistryError('name_invalid', `the name ${parsed.name} is reserved`)
  }
  return parsed
}
