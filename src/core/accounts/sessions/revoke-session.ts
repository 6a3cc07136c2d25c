import type { Actor } from '#core/access/actor.ts'
import { authorizeOperator, authorizeUser } from '#core/access/can.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { tokenTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import type { Row } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'

/**
 * Ends a session at once, everywhere: a user any of their own, operators everybody's; to others it
 * is `session_unknown`. Says nothing if already ended.
 */
export async function revokeSession(app: App, actor: Actor, id: number): Promise<void> {
  if (actor.kind === 'anonymous') {
    throw new RegistryError('unauthenticated', 'to end a session needs a credential')
  }
  if (!Number.isSafeInteger(id)) throw sessionUnknown()
  await change(app, async (tx) => {
    const query = tx.selectFrom('tokens').selectAll().where('id', '=', id)
    const session = await app.database.dialect
      .lock(query.where('kind', '=', 'session'))
      .executeTakeFirst()
    if (!session) throw sessionUnknown()
    authorizeRevocation(actor, session)
    if (session.revokedAt !== null) return
    await tx
      .updateTable('tokens')
      .set({ revokedAt: now(app) })
      .where('id', '=', id)
      .execute()
    await audit(app, tx, actor, {
      action: 'session.revoke',
      subject: `session:${id}`,
      detail: { device: session.name },
    })
    changed(tx, tokenTopic(id))
  })
}

/** Ends the session whose secret was shown. */
export async function signOut(app: App, actor: Actor): Promise<void> {
  const id = Number(/^token:(\d+)$/.exec(actor.credential)?.[1])
  if (actor.kind === 'anonymous' || Number.isNaN(id)) {
    throw new RegistryError('unauthenticated', 'to sign out needs the session itself')
  }
  if (!actor.isSession || actor.grants) {
    throw new RegistryError('forbidden', 'this is a token, not a session: revoke it by its id')
  }
  await revokeSession(app, actor, id)
}

function authorizeRevocation(actor: Actor, session: Row<'tokens'>): void {
  if (session.userId === actor.userId) {
    authorizeUser(actor, 'admin')
    if (!actor.onlyNamespaces && !actor.onlyPackages) return
    throw new RegistryError('forbidden', 'a restricted credential cannot end sessions')
  }
  if (!actor.isOperator) throw sessionUnknown()
  authorizeOperator(actor)
}

function sessionUnknown(): RegistryError {
  return new RegistryError('session_unknown', 'there is no such session')
}
