import type { Actor } from '#core/access/actor.ts'
import { emailKey, parseEmail } from '#core/accounts/email.ts'
import { findUserByEmail } from '#core/accounts/find-user-by-email.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { change } from '#core/db/change.ts'
import type { Role, Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { takeRate } from '#core/limits/limit.ts'
import { enqueueMail } from '#core/mail/enqueue-mail.ts'
import { getNamespace, type Namespace } from '#core/namespaces/find-namespace.ts'
import { lockNamespace } from '#core/namespaces/lock-namespace.ts'
import { authorizeInvitations } from './authorize-invitations.ts'
import { type Invitation, toInvitation } from './invitation.ts'
import { invitationMail } from './invitation-mail.ts'
import { setRole } from './set-role.ts'

/** Which address is to be what. */
export interface NewInvitation {
  readonly email: string
  readonly role: Role
}

/** What became of it: the address is an account's, or waits for one. */
export type Invited = 'member' | 'invited'

const LIFETIME_MILLIS = 30 * 86_400_000
const MAX_PENDING = 200
const HOUR_SECONDS = 3600
/** So that nobody tries out which addresses have accounts, or has us write to the whole world. */
const PER_ACTOR = { name: 'invite', limit: 60, windowSeconds: HOUR_SECONDS }
/** So that nobody is flooded, by however many namespaces. What is beyond waits without a mail. */
const MAILS_PER_EMAIL = { name: 'invite-mail', limit: 5, windowSeconds: HOUR_SECONDS }

/**
 * Gives whoever an address belongs to a role, whatever it was before; admins only. Where there is
 * no such account the role waits for 30 days, and a mail says so.
 */
export async function inviteMember(
  app: App,
  actor: Actor,
  rawNamespace: string,
  wanted: NewInvitation,
): Promise<Invited> {
  const { role } = wanted
  const email = parseEmail(wanted.email)
  const { id } = await getNamespace(app.database.db, rawNamespace)
  authorizeInvitations(actor, id, rawNamespace)
  if (actor.kind !== 'system') await countInvitation(app, actor)
  const { allowed: isMailAllowed } = await takeRate(app, MAILS_PER_EMAIL, emailKey(email))
  return await change(app, async (tx) => {
    const namespace = await lockNamespace(app, tx, rawNamespace)
    authorizeInvitations(actor, namespace.id, rawNamespace)
    const user = await findUserByEmail(tx, email)
    if (user) {
      await setRole(app, tx, actor, { namespace, user, role, invitedEmail: emailKey(email) })
      return 'member'
    }
    const invitation = await saveInvitation(app, tx, namespace, {
      email: emailKey(email),
      role,
      invitedBy: actor.name,
      createdAt: now(app),
      expiresAt: now(app) + LIFETIME_MILLIS,
    })
    await audit(app, tx, actor, {
      action: 'invitation.create',
      subject: `email:${invitation.email}`,
      namespaceId: namespace.id,
      detail: { namespace: namespace.name, role },
    })
    if (isMailAllowed) await enqueueMail(app, tx, invitationMail(app, namespace.name, invitation))
    return 'invited'
  })
}

/** Adds it, or puts it in the place of an earlier one to the same address. */
async function saveInvitation(
  app: App,
  tx: Tx,
  { id: namespaceId, name }: Namespace,
  { email, ...rest }: Invitation,
): Promise<Invitation> {
  await tx
    .deleteFrom('invitations')
    .where('namespaceId', '=', namespaceId)
    .where((eb) => eb.or([eb('expiresAt', '<=', now(app)), eb('emailKey', '=', email)]))
    .execute()
  const { count } = await tx
    .selectFrom('invitations')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('namespaceId', '=', namespaceId)
    .executeTakeFirstOrThrow()
  if (Number(count) >= MAX_PENDING) {
    throw new RegistryError('conflict', `at most ${MAX_PENDING} invitations to ${name} may wait`)
  }
  const row = await tx
    .insertInto('invitations')
    .values({ namespaceId, emailKey: email, ...rest })
    .returningAll()
    .executeTakeFirstOrThrow()
  return toInvitation(row)
}

async function countInvitation(app: App, actor: Actor): Promise<void> {
  const subject = actor.userId === undefined ? actor.name : `user:${actor.userId}`
  const { allowed, retryAfterSeconds } = await takeRate(app, PER_ACTOR, subject)
  if (allowed) return
  throw new RegistryError('rate_limited', `at most ${PER_ACTOR.limit} invitations per hour`, {
    retryAfterSeconds,
  })
}
