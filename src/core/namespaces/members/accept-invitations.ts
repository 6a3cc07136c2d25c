import { type Actor, ANONYMOUS } from '#core/access/actor.ts'
import type { Origin } from '#core/accounts/authenticate.ts'
import { emailKey } from '#core/accounts/email.ts'
import type { User } from '#core/accounts/find-user.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { userTopic } from '#core/cache/topics.ts'
import { changed } from '#core/db/change.ts'
import type { Row, Tx } from '#core/db/schema.ts'

/** Somebody who has just shown that an address is theirs. */
type Invitee = Pick<User, 'id' | 'name' | 'email'>

/**
 * Gives a user the roles that wait for their address, as part of the change that signs them in.
 * Who is a member already stays what they are.
 */
export async function acceptInvitations(
  app: App,
  tx: Tx,
  user: Invitee,
  from: Origin = { address: '', requestId: '' },
): Promise<void> {
  const key = emailKey(user.email)
  const namespaces = await inviting(app, tx, key)
  if (namespaces.size === 0) return
  // What was withdrawn meanwhile is gone; what expired goes.
  const taken = await tx
    .deleteFrom('invitations')
    .where('emailKey', '=', key)
    .where('namespaceId', 'in', [...namespaces.keys()])
    .returningAll()
    .execute()
  const actor: Actor = {
    ...ANONYMOUS,
    kind: 'user',
    userId: user.id,
    name: `user:${user.name}`,
    ...from,
  }
  for (const invitation of taken) {
    const { namespaceId, role, invitedBy } = invitation
    if (invitation.expiresAt <= now(app)) continue
    if (!(await isAdded(app, tx, user.id, invitation))) continue
    await audit(app, tx, actor, {
      action: 'invitation.accept',
      subject: `user:${user.name}`,
      namespaceId,
      detail: { namespace: namespaces.get(namespaceId), role, invitedBy },
    })
    changed(tx, userTopic(user.id))
  }
}

/** Names by id, their rows locked, always in one order: as whoever invites and withdraws locks first. */
async function inviting(app: App, tx: Tx, key: string): Promise<ReadonlyMap<number, string>> {
  const rows = await app.database.dialect
    .lock(
      tx
        .selectFrom('namespaces')
        .select(['id', 'name'])
        .where('status', '=', 'active')
        .where('id', 'in', (eb) =>
          eb.selectFrom('invitations').select('namespaceId').where('emailKey', '=', key),
        )
        .orderBy('id'),
    )
    .execute()
  return new Map(rows.map(({ id, name }) => [id, name]))
}

async function isAdded(
  app: App,
  tx: Tx,
  userId: number,
  { namespaceId, role, emailKey: invitedEmail }: Row<'invitations'>,
): Promise<boolean> {
  const added = await tx
    .insertInto('members')
    .values({ namespaceId, userId, role, invitedEmail, createdAt: now(app) })
    .onConflict((conflict) => conflict.columns(['namespaceId', 'userId']).doNothing())
    .returning('userId')
    .executeTakeFirst()
  return added !== undefined
}
