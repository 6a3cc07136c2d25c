import type { Actor } from '#core/access/actor.ts'
import { emailKey } from '#core/accounts/email.ts'
import type { User } from '#core/accounts/find-user.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { userTopic } from '#core/cache/topics.ts'
import { changed } from '#core/db/change.ts'
import type { Role, Tx } from '#core/db/schema.ts'
import { notifyUser } from '#core/mail/notify-user.ts'
import type { Namespace } from '#core/namespaces/find-namespace.ts'
import { requireOtherAdmin } from './other-admin.ts'

/** Who is to be what, where. */
export interface RoleChange {
  /** Its row must be locked: the last admin is counted. */
  readonly namespace: Pick<Namespace, 'id' | 'name'>
  readonly user: Pick<User, 'id' | 'name' | 'email'>
  readonly role: Role
  /** Set when the actor named the user by their address, and so may see it from now on. */
  readonly invitedEmail?: string
}

/**
 * Gives a user a role, whatever it was before, and ends an invitation that waits for them. Says
 * nothing if already so. The caller has decided that the actor may.
 */
export async function setRole(app: App, tx: Tx, actor: Actor, wanted: RoleChange): Promise<void> {
  const { namespace, user, role } = wanted
  const { id: namespaceId, name } = namespace
  await tx
    .deleteFrom('invitations')
    .where('namespaceId', '=', namespaceId)
    .where('emailKey', '=', emailKey(user.email))
    .execute()
  const was = await roleOf(tx, namespaceId, user.id)
  if (was === role) return await noteEmail(tx, wanted)
  if (was === 'admin') await requireOtherAdmin(tx, namespaceId, user.id)
  await tx
    .insertInto('members')
    .values({ namespaceId, userId: user.id, role, createdAt: now(app) })
    .onConflict((conflict) => conflict.columns(['namespaceId', 'userId']).doUpdateSet({ role }))
    .execute()
  await noteEmail(tx, wanted)
  await audit(app, tx, actor, {
    action: was ? 'member.change' : 'member.add',
    subject: `user:${user.name}`,
    namespaceId,
    detail: { namespace: name, role, ...(was && { was }) },
  })
  if (user.id !== actor.userId) {
    const what = was
      ? `Your role in ${name} was changed from ${was} to ${role}.`
      : `You are a member of ${name} now, with the role ${role}.`
    const subject = `Your role in ${name}`
    await notifyUser(app, tx, user.id, { subject, what, actor, isLimited: true })
  }
  changed(tx, userTopic(user.id))
}

async function noteEmail(tx: Tx, { namespace, user, invitedEmail }: RoleChange): Promise<void> {
  if (invitedEmail === undefined) return
  await tx
    .updateTable('members')
    .set({ invitedEmail })
    .where('namespaceId', '=', namespace.id)
    .where('userId', '=', user.id)
    .execute()
}

async function roleOf(tx: Tx, namespaceId: number, userId: number): Promise<Role | undefined> {
  const row = await tx
    .selectFrom('members')
    .select('role')
    .where('namespaceId', '=', namespaceId)
    .where('userId', '=', userId)
    .executeTakeFirst()
  return row?.role
}
