import { createHash } from 'node:crypto'
import type { Origin } from '#core/accounts/authenticate.ts'
import { RegistryError } from '#core/errors.ts'

/** How long a sign-in may take from its mail to its session. */
export const SIGN_IN_SECONDS = 15 * 60
/** Wrong codes before a sign-in is dead. */
export const MAX_TRIES = 5

const MAX_USER_AGENT_CHARS = 200

/** Where a step of a sign-in came from. */
export interface SignInOrigin extends Origin {
  /** The client, as it names itself. */
  readonly userAgent: string
}

/** What is kept of a client's name: what could be shown to a person. */
export function readUserAgent(raw: string | undefined): string {
  return (raw ?? '')
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, MAX_USER_AGENT_CHARS)
}

/**
 * A client's name where its user is asked to believe it: the first product, without room for a
 * message. Anybody can begin a sign-in in somebody's name, with whatever text in this header.
 */
export function clientName(userAgent: string): string {
  return /^[A-Za-z][A-Za-z-]{0,23}(?:\/\d[\d.]{0,15})?(?=$| )/.exec(userAgent)?.[0] ?? ''
}

/** What is stored instead of a random secret. */
export function hashProof(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

/**
 * What is stored instead of a code. A code alone could be found by trying all of them; the fetch
 * token, which is nowhere here, salts it.
 */
export function hashCode(fetchToken: string, code: string): string {
  return hashProof(`${fetchToken}\n${code}`)
}

/** The one answer to everything that does not sign in: it must not tell why. */
export function signInRefused(): RegistryError {
  return new RegistryError(
    'credential_invalid',
    'the code is wrong, or the sign-in was used, has expired or was never begun: begin again',
  )
}
