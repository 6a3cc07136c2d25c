import { type Actor, ANONYMOUS, type Identity } from '#core/access/actor.ts'
import { type App, now } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import type { RateCount } from '#core/limits/rate-counter.ts'
import { namespaceKey } from '#core/namespaces/namespace-key.ts'
import { findIdentity, peekIdentity } from '#core/tokens/find-identity.ts'
import { findGrant, looksLikeGrant } from '#core/tokens/grant.ts'
import { addressBlock } from './address-block.ts'
import { readUserName } from './user-name.ts'

/** A credential as it was shown. */
export interface Shown {
  readonly secret: string
  /** The user name sent along, if the protocol has one: it must fit the secret's owner. */
  readonly userName?: string
  /** Set by protocols that hand out grants (core/tokens/grant.ts) and heed `actor.grants`. */
  readonly mayBeGrant?: boolean
}

/** Where a request came from. */
export interface Origin {
  readonly address: string
  readonly requestId: string
}

const WINDOW_SECONDS = 60
/**
 * A name may fail more often than an address: anybody can fail in somebody else's name, and must
 * not easily keep them out.
 */
const NAME_FACTOR = 10
/** What clients without a notion of user names are told to send. */
const ANY_USER: ReadonlySet<string> = new Set(['__token__', 'token'])

/**
 * Who is asking. Showing nothing is being anonymous; showing something wrong throws
 * `credential_invalid` and is counted. An address (or name) that failed too often gets
 * `rate_limited` for every secret that is not in memory already: a neighbour behind the same NAT
 * who was known before keeps working.
 */
export async function authenticate(
  app: App,
  shown: Shown | undefined,
  from: Origin,
): Promise<Actor> {
  if (!shown) return { ...ANONYMOUS, ...from }
  if (shown.mayBeGrant && looksLikeGrant(shown.secret)) return await withGrant(app, shown, from)
  const known = peekIdentity(app, shown.secret)
  if (known && isNamed(known, shown.userName)) return { ...known, ...from }
  await refuseAfterTooManyFailures(app, shown, from)
  const identity = known ?? (await findIdentity(app, shown.secret))
  if (identity && isNamed(identity, shown.userName)) return { ...identity, ...from }
  await countFailure(app, shown, from)
  throw invalid()
}

/** Not counted: a signature cannot be guessed, and that a grant has expired is everyday business. */
async function withGrant(app: App, shown: Shown, from: Origin): Promise<Actor> {
  const identity = await findGrant(app, shown.secret)
  if (!identity) throw invalid()
  return { ...identity, ...from }
}

function invalid(): RegistryError {
  return new RegistryError('credential_invalid', 'the credential is wrong, expired or revoked')
}

/** Whether a user name fits the identity; having sent none always does. */
function isNamed(identity: Identity, userName: string | undefined): boolean {
  if (userName === undefined || userName === '' || ANY_USER.has(userName)) return true
  if (identity.kind === 'user') {
    return identity.name === `user:${readUserName(userName)?.name}`
  }
  const [namespace, robot] = identity.name.slice('robot:'.length).split('/')
  const shown = userName.toLowerCase()
  const plus = shown.indexOf('+')
  const shownNamespace = plus === -1 ? shown : shown.slice(0, plus)
  const isRobot = plus === -1 || shown.slice(plus + 1) === robot
  return isRobot && namespaceKey(shownNamespace) === namespaceKey(namespace ?? '')
}

async function refuseAfterTooManyFailures(app: App, shown: Shown, from: Origin): Promise<void> {
  for (const { key, max } of limitsFor(app, shown, from)) {
    const failures = await app.rates.add(key, WINDOW_SECONDS, 0, app.clock())
    if (failures.count >= max) throw tooManyFailures(app, failures)
  }
}

async function countFailure(app: App, shown: Shown, from: Origin): Promise<void> {
  for (const { key, max } of limitsFor(app, shown, from)) {
    const failures = await app.rates.add(key, WINDOW_SECONDS, 1, app.clock())
    // Guesses that were all under way at once passed the first check together.
    if (failures.count > max) throw tooManyFailures(app, failures)
  }
}

function limitsFor(app: App, shown: Shown, from: Origin): Array<{ key: string; max: number }> {
  const max = app.settings.maxFailedCredentialsPerMinute
  const limits = [{ key: `credential:address:${addressBlock(from.address)}`, max }]
  const name = nameKey(shown.userName)
  if (name !== undefined) limits.push({ key: `credential:name:${name}`, max: max * NAME_FACTOR })
  return limits
}

/** The names that can be anybody's; the rest needs no counting, since nobody could be guessed. */
function nameKey(userName: string | undefined): string | undefined {
  if (userName === undefined || ANY_USER.has(userName)) return undefined
  const [owner = '', robot] = userName.split('+')
  const key = readUserName(owner)?.key
  if (key === undefined || robot === undefined) return key
  return readUserName(robot) && `${key}+${readUserName(robot)?.key}`
}

function tooManyFailures(app: App, failures: RateCount): RegistryError {
  const seconds = Math.max(1, Math.ceil((failures.resetAt.getTime() - now(app)) / 1000))
  return new RegistryError('rate_limited', 'too many wrong credentials: wait before the next try', {
    retryAfterSeconds: seconds,
  })
}
