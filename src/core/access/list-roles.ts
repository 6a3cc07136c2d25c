import type { App } from '#core/app.ts'
import type { Role } from '#core/db/schema.ts'
import type { Actor } from './actor.ts'

/** A role that an actor has, by the namespace's name. */
export interface NamedRole {
  readonly namespace: string
  readonly role: Role
}

/** What the actor is in which namespace, by name; only where their credential is good. */
export async function listRoles(app: App, actor: Actor): Promise<NamedRole[]> {
  const { onlyNamespaces } = actor
  const ids = [...actor.roles.keys()].filter((id) => onlyNamespaces?.has(id) !== false)
  if (ids.length === 0) return []
  const rows = await app.database.db
    .selectFrom('namespaces')
    .select(['id', 'name'])
    .where('id', 'in', ids)
    .orderBy('key')
    .execute()
  return rows.flatMap(({ id, name }) => {
    const role = actor.roles.get(id)
    return role ? [{ namespace: name, role }] : []
  })
}
