import { type Actor, SCOPES, type Scope } from '#core/access/actor.ts'
import type { Millis } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'

/** What a token is to be good for; what is left out is as its maker has it. */
export interface TokenLimits {
  readonly scopes: readonly Scope[]
  readonly onlyNamespaces?: readonly number[]
  readonly onlyPackages?: readonly number[]
  /** Milliseconds since 1970. */
  readonly expiresAt?: Millis
}

const MAX_IDS = 1000

/** The limits of a new token: as asked, and never wider than the credential that makes it. */
export function narrowToken(actor: Actor, asked: TokenLimits, at: Millis): TokenLimits {
  if (actor.grants) {
    throw new RegistryError('forbidden', 'a derived credential cannot make tokens')
  }
  const onlyNamespaces = narrowIds('namespaces', asked.onlyNamespaces, actor.onlyNamespaces)
  const onlyPackages = narrowIds('packages', asked.onlyPackages, actor.onlyPackages)
  // A session ends when nobody uses it; what its user makes with it need not.
  const ownExpiry = actor.isSession ? undefined : actor.expiresAt
  const expiresAt = narrowExpiry(asked.expiresAt, ownExpiry, at)
  return {
    scopes: narrowScopes(asked.scopes, actor.scopes),
    ...(onlyNamespaces && { onlyNamespaces }),
    ...(onlyPackages && { onlyPackages }),
    ...(expiresAt !== undefined && { expiresAt }),
  }
}

function narrowScopes(asked: readonly Scope[], own: ReadonlySet<Scope>): Scope[] {
  const scopes = SCOPES.filter((scope) => asked.includes(scope))
  if (scopes.length === 0) {
    throw new RegistryError('invalid_request', 'a token needs at least one scope')
  }
  for (const scope of scopes) {
    if (own.has(scope)) continue
    throw new RegistryError('scope_missing', `the credential lacks the scope ${scope} itself`, {
      details: { scope },
    })
  }
  return scopes
}

function narrowIds(
  what: string,
  asked: readonly number[] | undefined,
  own: ReadonlySet<number> | undefined,
): number[] | undefined {
  if (asked === undefined) return own && sorted(own)
  if (asked.length > MAX_IDS || !asked.every(Number.isSafeInteger)) {
    throw new RegistryError('invalid_request', `at most ${MAX_IDS} ${what} can be named, by id`)
  }
  if (asked.length === 0) {
    throw new RegistryError('invalid_request', `a token that is good for no ${what} is of no use`)
  }
  if (own && !asked.every((id) => own.has(id))) {
    throw new RegistryError(
      'forbidden',
      `the credential is not good for all of these ${what} itself`,
    )
  }
  return sorted(asked)
}

function narrowExpiry(
  asked: Millis | undefined,
  own: Millis | undefined,
  at: Millis,
): Millis | undefined {
  if (asked === undefined) return own
  if (!Number.isSafeInteger(asked) || asked <= at) {
    throw new RegistryError('invalid_request', 'a token must expire in the future')
  }
  if (own !== undefined && asked > own) {
    throw new RegistryError('forbidden', 'a token cannot outlive the credential that makes it')
  }
  return asked
}

function sorted(ids: Iterable<number>): number[] {
  return [...new Set(ids)].sort((a, b) => a - b)
}
