import type { Actor } from '#core/access/actor.ts'
import { authorize } from '#core/access/can.ts'
import { getUser } from '#core/accounts/find-user.ts'
import type { App } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import type { Role } from '#core/db/schema.ts'
import { namespaceUnknown } from '#core/namespaces/find-namespace.ts'
import { lockNamespace } from '#core/namespaces/lock-namespace.ts'
import { setRole } from './set-role.ts'

/** Who is to be what. */
export interface NewMember {
  /** Name of a user. */
  readonly user: string
  readonly role: Role
}

/** Gives a user a role, whatever it was before; admins only. Says nothing if already so. */
export async function addMember(
  app: App,
  actor: Actor,
  rawNamespace: string,
  wanted: NewMember,
): Promise<void> {
  await change(app, async (tx) => {
    const namespace = await lockNamespace(app, tx, rawNamespace)
    authorize(actor, 'manage', { namespaceId: namespace.id }, () => namespaceUnknown(rawNamespace))
    const user = await getUser(tx, wanted.user)
    await setRole(app, tx, actor, { namespace, user, role: wanted.role })
  })
}
