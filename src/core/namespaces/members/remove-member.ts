import type { Actor } from '#core/access/actor.ts'
import { authorize } from '#core/access/can.ts'
import { findUser, type User } from '#core/accounts/find-user.ts'
import type { App } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { userTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import { RegistryError } from '#core/errors.ts'
import { notifyUser } from '#core/mail/notify-user.ts'
import { namespaceUnknown } from '#core/namespaces/find-namespace.ts'
import { lockNamespace } from '#core/namespaces/lock-namespace.ts'
import { requireOtherAdmin } from './other-admin.ts'

/** Takes a user's role away: admins from anybody, everybody from themselves. */
export async function removeMember(
  app: App,
  actor: Actor,
  rawNamespace: string,
  rawUser: string,
): Promise<void> {
  await change(app, async (tx) => {
    const { id: namespaceId, name } = await lockNamespace(app, tx, rawNamespace)
    const user = await findUser(tx, rawUser)
    if (!isLeaving(actor, user, namespaceId)) {
      authorize(actor, 'manage', { namespaceId }, () => namespaceUnknown(rawNamespace))
    }
    const removed = await tx
      .deleteFrom('members')
      .where('namespaceId', '=', namespaceId)
      .where('userId', '=', user?.id ?? -1)
      .returning('role')
      .executeTakeFirst()
    if (!user || !removed) {
      throw new RegistryError('not_found', `${rawUser.slice(0, 64)} is no member of ${name}`)
    }
    if (removed.role === 'admin') await requireOtherAdmin(tx, namespaceId, user.id)
    await audit(app, tx, actor, {
      action: 'member.remove',
      subject: `user:${user.name}`,
      namespaceId,
      detail: { namespace: name, was: removed.role },
    })
    if (user.id !== actor.userId) {
      const what = `You are no longer a member of ${name}; your role was ${removed.role}.`
      const subject = `Your role in ${name}`
      await notifyUser(app, tx, user.id, { subject, what, actor, isLimited: true })
    }
    changed(tx, userTopic(user.id))
  })
}

/** Leaving takes no role, but a credential with which an admin could manage the namespace. */
function isLeaving(actor: Actor, user: User | undefined, namespaceId: number): boolean {
  if (!user || user.id !== actor.userId) return false
  const isAway = actor.onlyPackages || actor.onlyNamespaces?.has(namespaceId) === false
  return actor.scopes.has('admin') && !isAway
}
