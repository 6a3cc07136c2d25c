import type { Actor } from '#core/access/actor.ts'
import { authorizeOperator, authorizeUser, judge } from '#core/access/can.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { tokenTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import type { Row } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { tokenUnknown } from './token.ts'

/**
 * Ends a token at once, everywhere. Its owner, the admins of a robot's namespace and operators may;
 * to everybody else it is `token_unknown`. Any token may end itself. Says nothing if already ended.
 */
export async function revokeToken(app: App, actor: Actor, id: number): Promise<void> {
  if (actor.kind === 'anonymous') {
    throw new RegistryError('unauthenticated', 'to revoke a token needs a credential')
  }
  if (!Number.isSafeInteger(id)) throw tokenUnknown()
  await change(app, async (tx) => {
    const token = await app.database.dialect
      .lock(tx.selectFrom('tokens').selectAll().where('id', '=', id).where('kind', '=', 'token'))
      .executeTakeFirst()
    if (!token) throw tokenUnknown()
    authorizeRevocation(actor, token)
    if (token.revokedAt !== null) return
    await tx
      .updateTable('tokens')
      .set({ revokedAt: now(app) })
      .where('id', '=', id)
      .execute()
    await audit(app, tx, actor, {
      action: 'token.revoke',
      subject: `token:${id}`,
      detail: { name: token.name },
      ...(token.namespaceId !== null && { namespaceId: token.namespaceId }),
    })
    changed(tx, tokenTopic(id))
  })
}

function authorizeRevocation(actor: Actor, token: Row<'tokens'>): void {
  if (actor.credential === `token:${token.id}` && !actor.grants) return
  if (token.userId !== null && token.userId === actor.userId) {
    authorizeUser(actor, 'admin')
    if (!actor.onlyNamespaces && !actor.onlyPackages) return
    throw new RegistryError('forbidden', 'a restricted credential can only revoke itself')
  }
  if (token.namespaceId !== null) {
    const verdict = judge(actor, 'manage', { namespaceId: token.namespaceId })
    if (verdict === 'yes') return
  }
  if (!actor.isOperator) throw tokenUnknown()
  authorizeOperator(actor)
}
