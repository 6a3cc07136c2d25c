import type { Actor } from '#core/access/actor.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { tokenTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { findGrant, findRefresh, looksLikeGrant } from './grant.ts'
import { hashSecret, isWellFormed } from './secret.ts'

/**
 * Ends a token that somebody found where it should not be: whoever can show the secret could use it
 * too, so nobody is asked who they are. Says nothing of whether there was such a token.
 */
export async function reportToken(app: App, actor: Actor, secret: string): Promise<void> {
  if (isWellFormed(secret)) {
    const hash = hashSecret(secret)
    await change(app, (tx) => revoke(app, tx, actor, { hash }))
    return
  }
  if (!looksLikeGrant(secret)) return
  // A derived credential cannot be ended alone: what it was made from can.
  const owner = (await findGrant(app, secret)) ?? (await findRefresh(app, secret))
  const id = Number(/^token:(\d+)$/.exec(owner?.credential ?? '')?.[1])
  if (Number.isSafeInteger(id)) await change(app, (tx) => revoke(app, tx, actor, { id }))
}

async function revoke(
  app: App,
  tx: Tx,
  actor: Actor,
  which: { hash: string } | { id: number },
): Promise<void> {
  const token = await tx
    .updateTable('tokens')
    .set({ revokedAt: now(app) })
    .where((eb) => eb.and(which))
    .where('revokedAt', 'is', null)
    .returning(['id', 'name', 'namespaceId'])
    .executeTakeFirst()
  if (!token) return
  await audit(app, tx, actor, {
    action: 'token.report',
    subject: `token:${token.id}`,
    detail: { name: token.name },
    ...(token.namespaceId !== null && { namespaceId: token.namespaceId }),
  })
  changed(tx, tokenTopic(token.id))
}
