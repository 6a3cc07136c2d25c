import type { Actor } from '#core/access/actor.ts'
import { getUser } from '#core/accounts/find-user.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { userTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import type { Role } from '#core/db/schema.ts'
import { lockPackageFor } from '#core/packages/lock-package.ts'
import type { PackageRef } from '#core/packages/package.ts'

/** Who is to be what in a package. */
export interface NewOwner {
  /** Name of a user. */
  readonly user: string
  readonly role: Role
}

/** Gives a user a role in one package, whatever it was; admins only. Says nothing if already so. */
export async function addOwner(
  app: App,
  actor: Actor,
  ref: PackageRef,
  wanted: NewOwner,
): Promise<void> {
  const { role } = wanted
  await change(app, async (tx) => {
    const target = await lockPackageFor(app, tx, actor, { ref, action: 'manage' })
    const { id: packageId, ecosystem, path, namespaceId } = target
    const user = await getUser(tx, wanted.user)
    const before = await tx
      .selectFrom('packageOwners')
      .select('role')
      .where('packageId', '=', packageId)
      .where('userId', '=', user.id)
      .executeTakeFirst()
    if (before?.role === role) return
    await tx
      .insertInto('packageOwners')
      .values({ packageId, userId: user.id, role, createdAt: now(app) })
      .onConflict((conflict) => conflict.columns(['packageId', 'userId']).doUpdateSet({ role }))
      .execute()
    await audit(app, tx, actor, {
      action: before ? 'owner.change' : 'owner.add',
      subject: `package:${ecosystem}:${path}`,
      namespaceId,
      detail: { user: user.name, role, ...(before && { was: before.role }) },
    })
    changed(tx, userTopic(user.id))
  })
}
