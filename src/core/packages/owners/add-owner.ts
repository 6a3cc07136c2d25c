import type { Actor } from '#core/access/actor.ts'
import { getUser } from '#core/accounts/find-user.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { packageTopic, userTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import type { Role } from '#core/db/schema.ts'
import { notifyUser } from '#core/mail/notify-user.ts'
import { lockPackageFor } from '#core/packages/lock-package.ts'
import type { PackageRef } from '#core/packages/package.ts'

/** From least to most. */
const ROLES: readonly Role[] = ['reader', 'publisher', 'admin']

/** Who is to be what in a package. */
export interface NewOwner {
  /** Name of a user. */
  readonly user: string
  readonly role: Role
  /** Leaves a role alone that allows more. */
  readonly isLeast?: boolean
}

/** Gives a user a role in one package, whatever it was unless said otherwise; admins only. Says nothing if already so. */
export async function addOwner(
  app: App,
  actor: Actor,
  ref: PackageRef,
  wanted: NewOwner,
): Promise<void> {
  const { role, isLeast = false } = wanted
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
    if (before?.role === role || (isLeast && before && isMore(before.role, role))) return
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
    if (user.id !== actor.userId) {
      const what = before
        ? `Your role in the package ${path} (${ecosystem}) was changed from ${before.role} to ${role}.`
        : `You are an owner of the package ${path} (${ecosystem}) now, with the role ${role}.`
      const subject = `Your role in ${path}`
      await notifyUser(app, tx, user.id, { subject, what, actor, isLimited: true })
    }
    changed(tx, userTopic(user.id), packageTopic(packageId))
  })
}

function isMore(one: Role, other: Role): boolean {
  return ROLES.indexOf(one) > ROLES.indexOf(other)
}
