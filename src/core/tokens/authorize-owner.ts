import type { Actor } from '#core/access/actor.ts'
import { authorize, authorizeOperator, authorizeUser } from '#core/access/can.ts'
import { findUser, userUnknown } from '#core/accounts/find-user.ts'
import type { Db } from '#core/db/schema.ts'
import { getNamespace, namespaceUnknown } from '#core/namespaces/find-namespace.ts'

/** Whose tokens are meant. */
export type OwnerRef = { readonly user: string } | { readonly namespace: string }

/** An owner as rows name it, and as audit lines do. */
export interface OwnerRow {
  readonly userId: number | null
  readonly namespaceId: number | null
  readonly name: string
}

/**
 * The owner, when the actor may handle its tokens: users their own, admins their namespace's,
 * operators everybody's. Strangers cannot tell from the answer whether a user exists.
 */
export async function authorizeOwner(db: Db, actor: Actor, owner: OwnerRef): Promise<OwnerRow> {
  if ('namespace' in owner) {
    const namespace = await getNamespace(db, owner.namespace)
    authorize(actor, 'manage', { namespaceId: namespace.id }, () =>
      namespaceUnknown(owner.namespace),
    )
    return { userId: null, namespaceId: namespace.id, name: `namespace:${namespace.name}` }
  }
  const user = await findUser(db, owner.user)
  if (user && user.id === actor.userId) authorizeUser(actor, 'admin')
  else authorizeOperator(actor)
  if (!user) throw userUnknown(owner.user)
  return { userId: user.id, namespaceId: null, name: `user:${user.name}` }
}
