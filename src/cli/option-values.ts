import { InvalidArgumentError, Option } from 'commander'
import { duration } from '#config/values.ts'
import type { Scope } from '#core/access/actor.ts'
import { RegistryError } from '#core/errors.ts'
import { LogError, parseVerifier } from '#core/log/note.ts'
import { parseScopes } from '#core/tokens/token.ts'

const LIFETIME = duration(1, 3650 * 86_400)

/** `--scope read,publish`. */
export function scopesValue(raw: string): Scope[] {
  try {
    return parseScopes(raw)
  } catch (error) {
    if (error instanceof RegistryError) throw new InvalidArgumentError(error.message)
    throw error
  }
}

/** `--expires 90d`, in seconds. */
export function lifetimeValue(raw: string): number {
  const seconds = LIFETIME.parse(raw)
  if (seconds === undefined) throw new InvalidArgumentError(`Expected ${LIFETIME.expected}.`)
  return seconds
}

/** An id as the lists show it. */
export function idValue(raw: string): number {
  if (!/^[1-9]\d{0,14}$/.test(raw)) throw new InvalidArgumentError('Expected a number, as listed.')
  return Number(raw)
}

/** Gathers an option that may be repeated. */
export function repeated(raw: string, before: readonly string[] = []): string[] {
  return [...before, raw]
}

/** `--role`, one of the roles in a namespace. */
export function roleOption(description: string): Option {
  return new Option('--role <role>', description).choices(['reader', 'publisher', 'admin'])
}

/** `--log-key`, as `/log/` shows it. */
export function logKeyValue(raw: string): string {
  try {
    return parseVerifier(raw).text
  } catch (error) {
    if (error instanceof LogError) throw new InvalidArgumentError(`${error.message}.`)
    throw error
  }
}
