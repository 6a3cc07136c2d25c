import { RegistryError } from '#core/errors.ts'

const MAX_PROJECT_NAME_CHARS = 128
const PART = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/

/** Checks the name of a project to be: parts of an OCI repository path. Throws `name_invalid`. */
export function parseProjectName(raw: string): string {
  if (raw.length <= MAX_PROJECT_NAME_CHARS && raw.split('/').every((part) => PART.test(part))) {
    return raw
  }
  throw new RegistryError(
    'name_invalid',
    `a project is named with lower-case letters and digits, with '.', '_', '__' or '-' between them, at most ${MAX_PROJECT_NAME_CHARS}`,
  )
}
