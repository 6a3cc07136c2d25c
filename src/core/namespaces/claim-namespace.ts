import type { Actor } from '#core/access/actor.ts'
import { authorizeUser } from '#core/access/can.ts'
import type { App } from '#core/app.ts'
import type { Role, Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { insertNamespace } from './create-namespace.ts'
import { namespaceKey } from './namespace-key.ts'
import { parseNamespaceName } from './namespace-name.ts'

/**
 * First come, first served: makes a namespace that nobody has the actor's, where the operator lets
 * users do that. Answers the actor with the role that they have in it now; what they may do there
 * is still to be decided.
 */
export async function claimNamespace(
  app: App,
  tx: Tx,
  actor: Actor,
  rawName: string,
): Promise<Actor> {
  if (!app.settings.claimNamespaces || actor.userId === undefined) return actor
  const found = await tx
    .selectFrom('namespaces')
    .select('id')
    .where('key', '=', namespaceKey(rawName))
    .executeTakeFirst()
  if (found) return withRole(tx, actor, found.id)
  authorizeUser(actor, 'publish')
  if (actor.onlyNamespaces || actor.onlyPackages) {
    throw new RegistryError('forbidden', 'a restricted credential cannot claim a namespace')
  }
  const name = parseNamespaceName(rawName)
  const made = await insertNamespace(app, tx, actor, {
    ...name,
    owner: { id: actor.userId, name: actor.name.slice('user:'.length) },
  })
  if (made) return { ...actor, roles: new Map([...actor.roles, [made.id, 'admin']]) }
  // Somebody was faster; perhaps another request of the same user.
  const { id } = await tx
    .selectFrom('namespaces')
    .select('id')
    .where('key', '=', name.key)
    .executeTakeFirstOrThrow()
  return withRole(tx, actor, id)
}

/** The actor may have claimed it a moment ago, after they were recognised. */
async function withRole(tx: Tx, actor: Actor, namespaceId: number): Promise<Actor> {
  if (actor.roles.has(namespaceId) || actor.userId === undefined) return actor
  const member = await tx
    .selectFrom('members')
    .select('role')
    .where('namespaceId', '=', namespaceId)
    .where('userId', '=', actor.userId)
    .executeTakeFirst()
  if (!member) return actor
  const roles: ReadonlyMap<number, Role> = new Map([...actor.roles, [namespaceId, member.role]])
  return { ...actor, roles }
}
