import type { Actor } from '#core/access/actor.ts'
import { findUser, type User } from '#core/accounts/find-user.ts'
import type { App } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { packageTopic, userTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import { RegistryError } from '#core/errors.ts'
import { notifyUser } from '#core/mail/notify-user.ts'
import { lockPackageFor } from '#core/packages/lock-package.ts'
import { type PackageRef, selectPackage } from '#core/packages/package.ts'

/**
 * Takes a user's role in one package away: admins from anybody, everybody from themselves. There
 * need not be any owner left: the namespace's admins always are.
 */
export async function removeOwner(
  app: App,
  actor: Actor,
  ref: PackageRef,
  rawUser: string,
): Promise<void> {
  await change(app, async (tx) => {
    const user = await findUser(tx, rawUser)
    const found = await selectPackage(tx, ref)
    const isLeaving = found !== undefined && mayLeave(actor, user, found)
    const action = isLeaving ? 'read' : 'manage'
    const target = await lockPackageFor(app, tx, actor, { ref, action })
    const { id: packageId, ecosystem, path, namespaceId } = target
    const removed = await tx
      .deleteFrom('packageOwners')
      .where('packageId', '=', packageId)
      .where('userId', '=', user?.id ?? -1)
      .returning('role')
      .executeTakeFirst()
    if (!user || !removed) {
      throw new RegistryError('not_found', `${rawUser.slice(0, 64)} is no owner of ${path}`)
    }
    await audit(app, tx, actor, {
      action: 'owner.remove',
      subject: `package:${ecosystem}:${path}`,
      namespaceId,
      detail: { user: user.name, was: removed.role },
    })
    if (user.id !== actor.userId) {
      const what = `You are no longer an owner of the package ${path} (${ecosystem}); your role was ${removed.role}.`
      const subject = `Your role in ${path}`
      await notifyUser(app, tx, user.id, { subject, what, actor, isLimited: true })
    }
    changed(tx, userTopic(user.id), packageTopic(packageId))
  })
}

/** Leaving takes no role, but a credential with which an admin could manage the package. */
function mayLeave(
  actor: Actor,
  user: User | undefined,
  { id, namespaceId }: { id: number; namespaceId: number },
): boolean {
  if (!user || user.id !== actor.userId || actor.grants) return false
  const { onlyNamespaces, onlyPackages } = actor
  if (onlyNamespaces?.has(namespaceId) === false || onlyPackages?.has(id) === false) return false
  return actor.scopes.has('admin')
}
