import type { Actor } from '#core/access/actor.ts'
import { emailKey } from '#core/accounts/email.ts'
import { findUserByEmail } from '#core/accounts/find-user-by-email.ts'
import { type App, now } from '#core/app.ts'
import type { Role } from '#core/db/schema.ts'
import { getNamespace } from '#core/namespaces/find-namespace.ts'
import { authorizeInvitations } from './authorize-invitations.ts'

/** What an address is in a namespace: a member, or invited to be one. */
export interface MemberByEmail {
  readonly email: string
  readonly role: Role
  /** The member's user name; missing while the invitation waits. */
  readonly user?: string
}

/** The member or invitation with an address; for admins, and for whoever signs in with it. */
export async function findMemberByEmail(
  app: App,
  actor: Actor,
  rawNamespace: string,
  rawEmail: string,
): Promise<MemberByEmail | undefined> {
  const { db } = app.database
  const { id: namespaceId } = await getNamespace(db, rawNamespace)
  const user = await findUserByEmail(db, rawEmail)
  const isSelf = user !== undefined && user.id === actor.userId && actor.roles.has(namespaceId)
  if (!isSelf || !actor.scopes.has('read')) authorizeInvitations(actor, namespaceId, rawNamespace)
  const member = await db
    .selectFrom('members')
    .select('role')
    .where('namespaceId', '=', namespaceId)
    .where('userId', '=', user?.id ?? -1)
    .executeTakeFirst()
  if (user && member) return { email: user.email, role: member.role, user: user.name }
  const invitation = await db
    .selectFrom('invitations')
    .select(['emailKey', 'role'])
    .where('namespaceId', '=', namespaceId)
    .where('emailKey', '=', emailKey(rawEmail))
    .where('expiresAt', '>', now(app))
    .executeTakeFirst()
  return invitation && { email: invitation.emailKey, role: invitation.role }
}
