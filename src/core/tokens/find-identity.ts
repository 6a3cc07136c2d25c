import type { Identity } from '#core/access/actor.ts'
import { type App, now } from '#core/app.ts'
import { namespaceTopic, tokenTopic, userTopic } from '#core/cache/topics.ts'
import type { Db, Role, Row } from '#core/db/schema.ts'
import { noteUse } from './last-used.ts'
import { hashSecret, isWellFormed } from './secret.ts'
import { parseIds, parseScopes } from './token.ts'

interface Known {
  readonly tokenId: number
  readonly identity: Identity
}

type TokenRow = Row<'tokens'>

/**
 * Whom a secret stands for and what they may do now; nothing when it is no secret of ours, or was
 * revoked, has expired, or its owner is locked out. A hit in memory costs no query, and no guess is
 * kept there. Secrets are found by their hash, so no comparison leaks its time.
 */
export async function findIdentity(app: App, secret: string): Promise<Identity | undefined> {
  if (!isWellFormed(secret)) return undefined
  const hash = hashSecret(secret)
  const known = await app.cache.through(cacheKey(hash), () => load(app.database.db, { hash }))
  return accept(app, known)
}

/** Whom a token stands for now, for a credential that was made from it. */
export async function findIdentityOfToken(
  app: App,
  tokenId: number,
): Promise<Identity | undefined> {
  const known = await app.cache.through(`identity-of:${tokenId}`, () =>
    load(app.database.db, { id: tokenId }),
  )
  return accept(app, known)
}

/** The same from memory alone: nothing when the secret has not been seen lately. */
export function peekIdentity(app: App, secret: string): Identity | undefined {
  if (!isWellFormed(secret)) return undefined
  app.cache.begin()
  return accept(app, app.cache.get(cacheKey(hashSecret(secret))) as Known | undefined)
}

const cacheKey = (hash: string): string => `identity:${hash}`

/** What is in memory may have expired since. */
function accept(app: App, known: Known | undefined): Identity | undefined {
  if (!known) return undefined
  const { expiresAt } = known.identity
  if (expiresAt !== undefined && expiresAt <= now(app)) return undefined
  noteUse(app, known.tokenId)
  return known.identity
}

async function load(
  db: Db,
  which: { hash: string } | { id: number },
): Promise<{ value: Known | undefined; topics: readonly string[] }> {
  const token = await db
    .selectFrom('tokens')
    .selectAll()
    .where((eb) => eb.and(which))
    .where('revokedAt', 'is', null)
    .executeTakeFirst()
  const identity = token && (await identityOf(db, token))
  if (!token || !identity) return { value: undefined, topics: [] }
  return { value: { tokenId: token.id, identity }, topics: identity.topics }
}

function identityOf(db: Db, token: TokenRow): Promise<Identity | undefined> {
  return token.userId === null ? robotIdentity(db, token) : userIdentity(db, token, token.userId)
}

async function userIdentity(
  db: Db,
  token: TokenRow,
  userId: number,
): Promise<Identity | undefined> {
  const user = await db
    .selectFrom('users')
    .selectAll()
    .where('id', '=', userId)
    .where('disabledAt', 'is', null)
    .executeTakeFirst()
  if (!user) return undefined
  const members = await db
    .selectFrom('members')
    .select(['namespaceId', 'role'])
    .where('userId', '=', userId)
    .execute()
  const owners = await db
    .selectFrom('packageOwners')
    .select(['packageId', 'role'])
    .where('userId', '=', userId)
    .execute()
  return {
    ...limitsOf(token),
    kind: 'user',
    name: `user:${user.name}`,
    userId,
    isOperator: user.isOperator === 1,
    roles: new Map(members.map(({ namespaceId, role }) => [namespaceId, role])),
    packageRoles: new Map(owners.map(({ packageId, role }) => [packageId, role])),
    topics: [tokenTopic(token.id), userTopic(userId)],
  }
}

async function robotIdentity(db: Db, token: TokenRow): Promise<Identity | undefined> {
  if (token.namespaceId === null || token.role === null) return undefined
  const namespace = await db
    .selectFrom('namespaces')
    .select(['id', 'name'])
    .where('id', '=', token.namespaceId)
    .where('status', '=', 'active')
    .executeTakeFirst()
  if (!namespace) return undefined
  return {
    ...limitsOf(token),
    kind: 'robot',
    name: `robot:${namespace.name}/${token.name}`,
    isOperator: false,
    roles: new Map<number, Role>([[namespace.id, token.role]]),
    packageRoles: new Map(),
    topics: [tokenTopic(token.id), namespaceTopic(namespace.id)],
  }
}

/** What the token itself says, whoever owns it. */
function limitsOf(token: TokenRow) {
  return {
    credential: `token:${token.id}`,
    scopes: new Set(parseScopes(token.scopes)),
    ...(token.onlyNamespaces !== null && {
      onlyNamespaces: new Set(parseIds(token.onlyNamespaces)),
    }),
    ...(token.onlyPackages !== null && { onlyPackages: new Set(parseIds(token.onlyPackages)) }),
    ...(token.expiresAt !== null && { expiresAt: token.expiresAt }),
    ...(token.kind === 'session' && { isSession: true }),
  }
}
