import type { Actor } from '#core/access/actor.ts'
import { can } from '#core/access/can.ts'
import { readUserName } from '#core/accounts/user-name.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { change } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { notifyUser } from '#core/mail/notify-user.ts'
import { lockNamespace } from '#core/namespaces/lock-namespace.ts'
import { authorizeOwner } from './authorize-owner.ts'
import { narrowToken, type TokenLimits } from './narrow-token.ts'
import { generateSecret, hashSecret } from './secret.ts'
import { selectTokens, type Token, type TokenOwner, toToken } from './token.ts'

/** What is asked for: a name to know it by, and its limits. */
export interface NewToken extends TokenLimits {
  readonly name: string
}

const MAX_NAME_CHARS = 64

/** Makes a token. The secret is in this answer and nowhere else. */
export async function createToken(
  app: App,
  actor: Actor,
  owner: TokenOwner,
  asked: NewToken,
): Promise<{ token: Token; secret: string }> {
  const name = parseTokenName(owner, asked.name)
  const secret = generateSecret()
  const token = await change(app, async (tx) => {
    const { userId, namespaceId, name: ownerName } = await authorizeOwner(tx, actor, owner)
    if ('namespace' in owner) await lockNamespace(app, tx, owner.namespace)
    const limits = narrowToken(actor, asked, now(app))
    await requireNamespaces(tx, limits.onlyNamespaces ?? [])
    await requireReadablePackages(tx, actor, limits.onlyPackages ?? [])
    const { id } = await tx
      .insertInto('tokens')
      .values({
        name,
        userId,
        namespaceId,
        role: 'role' in owner ? owner.role : null,
        hash: hashSecret(secret),
        scopes: limits.scopes.join(','),
        onlyNamespaces: limits.onlyNamespaces ? JSON.stringify(limits.onlyNamespaces) : null,
        onlyPackages: limits.onlyPackages ? JSON.stringify(limits.onlyPackages) : null,
        createdAt: now(app),
        createdBy: actor.name,
        expiresAt: limits.expiresAt ?? null,
        lastUsedAt: null,
        revokedAt: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    const role = 'role' in owner ? owner.role : undefined
    await audit(app, tx, actor, {
      action: 'token.create',
      subject: `token:${id}`,
      detail: { name, owner: ownerName, role, ...limits },
      ...(namespaceId !== null && { namespaceId }),
    })
    await tellOwner(app, tx, actor, { userId, name, scopes: limits.scopes })
    // No cache to drop: nobody can have read a token that did not exist.
    return toToken(await selectTokens(tx).where('tokens.id', '=', id).executeTakeFirstOrThrow())
  })
  return { token, secret }
}

/** Robots have no mailbox. */
async function tellOwner(
  app: App,
  tx: Tx,
  actor: Actor,
  { userId, name, scopes }: { userId: number | null; name: string; scopes: readonly string[] },
): Promise<void> {
  if (userId === null) return
  const what = `The token “${name}” was made for your account, with the scopes ${scopes.join(', ')}.`
  await notifyUser(app, tx, userId, { subject: 'New token of your account', what, actor })
}

/** A robot's name is part of its user name and of audit lines; a user's token has a mere label. */
function parseTokenName(owner: TokenOwner, raw: string): string {
  if ('namespace' in owner) {
    const parsed = readUserName(raw)
    if (parsed) return parsed.name
    throw new RegistryError('name_invalid', 'a robot is named like a user')
  }
  const name = raw.trim()
  if (name.length < 1 || name.length > MAX_NAME_CHARS || !/^[\P{C}]+$/u.test(name)) {
    throw new RegistryError(
      'name_invalid',
      `a token's name is 1 to ${MAX_NAME_CHARS} visible characters`,
    )
  }
  return name
}

async function requireNamespaces(tx: Tx, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return
  const rows = await tx.selectFrom('namespaces').select('id').where('id', 'in', ids).execute()
  if (rows.length < ids.length) {
    throw new RegistryError(
      'namespace_unknown',
      'the token is limited to a namespace that is not there',
    )
  }
}

/** What the actor cannot see does not exist here either: ids must not tell of private packages. */
async function requireReadablePackages(
  tx: Tx,
  actor: Actor,
  ids: readonly number[],
): Promise<void> {
  if (ids.length === 0) return
  const rows = await tx
    .selectFrom('packages')
    .select(['id', 'namespaceId', 'visibility'])
    .where('id', 'in', ids)
    .execute()
  const readable = rows.filter((row) =>
    can(actor, 'read', { namespaceId: row.namespaceId, package: row }),
  )
  if (readable.length < ids.length) {
    throw new RegistryError(
      'package_unknown',
      'the token is limited to a package that is not there',
    )
  }
}
