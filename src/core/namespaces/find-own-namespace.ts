import type { Actor } from '#core/access/actor.ts'
import { can } from '#core/access/can.ts'
import type { App } from '#core/app.ts'
import { type Namespace, toNamespace } from './find-namespace.ts'

/** The oldest namespace that the actor has a role in and may publish to now, if there is one. */
export async function findOwnNamespace(app: App, actor: Actor): Promise<Namespace | undefined> {
  const ids = [...actor.roles.keys()].filter((id) => can(actor, 'publish', { namespaceId: id }))
  if (ids.length === 0) return undefined
  const row = await app.database.db
    .selectFrom('namespaces')
    .selectAll()
    .where('id', 'in', ids)
    .where('status', '=', 'active')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst()
  return row && toNamespace(row)
}
