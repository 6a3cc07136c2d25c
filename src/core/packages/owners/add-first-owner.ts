import type { Actor } from '#core/access/actor.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { userTopic } from '#core/cache/topics.ts'
import { changed } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import type { Package } from '#core/packages/package.ts'

/** Lets who made a package publish in it from now on, also without a role in its namespace. */
export async function addFirstOwner(app: App, tx: Tx, actor: Actor, made: Package): Promise<void> {
  const { userId } = actor
  if (userId === undefined) return
  const { id: packageId, ecosystem, path, namespaceId } = made
  const added = await tx
    .insertInto('packageOwners')
    .values({ packageId, userId, role: 'publisher', createdAt: now(app) })
    .onConflict((conflict) => conflict.doNothing())
    .returning('userId')
    .executeTakeFirst()
  if (!added) return
  await audit(app, tx, actor, {
    action: 'owner.add',
    subject: `package:${ecosystem}:${path}`,
    namespaceId,
    detail: { user: actor.name.slice('user:'.length), role: 'publisher' },
  })
  changed(tx, userTopic(userId))
}
