import { createHash } from 'node:crypto'
import { type Actor, ANONYMOUS, SCOPES } from '#core/access/actor.ts'
import { addressBlock } from '#core/accounts/address-block.ts'
import type { User } from '#core/accounts/find-user.ts'
import type { SignInOrigin } from '#core/accounts/sign-in/sign-in.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import type { Tx } from '#core/db/schema.ts'
import { notifyUser } from '#core/mail/notify-user.ts'
import { sessionEnd } from '#core/tokens/extend-sessions.ts'
import { generateSecret, hashSecret } from '#core/tokens/secret.ts'
import { type Session, toSession } from './session.ts'

/** A session, whose it is, and its secret: in this answer and nowhere else. */
export interface NewSession {
  readonly secret: string
  readonly session: Session
  readonly user: User
}

/** Signs a user in, as the end of a sign-in and in its transaction. A new device is told to the user. */
export async function createSession(
  app: App,
  tx: Tx,
  user: User,
  from: SignInOrigin,
): Promise<NewSession> {
  const secret = generateSecret()
  const createdAt = now(app)
  const device = `${from.userAgent || 'an unnamed client'} at ${from.address}`
  const row = await tx
    .insertInto('tokens')
    .values({
      name: device,
      kind: 'session',
      userId: user.id,
      namespaceId: null,
      role: null,
      hash: hashSecret(secret),
      scopes: SCOPES.join(','),
      onlyNamespaces: null,
      onlyPackages: null,
      createdAt,
      createdBy: `user:${user.name}`,
      expiresAt: sessionEnd(createdAt, createdAt),
      lastUsedAt: null,
      revokedAt: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  const actor: Actor = {
    ...ANONYMOUS,
    kind: 'user',
    userId: user.id,
    name: `user:${user.name}`,
    credential: `token:${row.id}`,
    address: from.address,
    requestId: from.requestId,
  }
  await audit(app, tx, actor, {
    action: 'session.create',
    subject: `session:${row.id}`,
    detail: { device },
  })
  if (await isNewDevice(app, tx, user, from)) {
    await notifyUser(app, tx, user.id, {
      subject: 'New sign-in to your account',
      what: `Your account was signed in to from a device that it was not signed in from before: ${device}.`,
      actor,
    })
  }
  return { secret, session: toSession(row), user }
}

/** Also remembers it. Whoever signs in to a new account is not told so: they are doing just that. */
async function isNewDevice(
  app: App,
  tx: Tx,
  user: User,
  { address, userAgent }: SignInOrigin,
): Promise<boolean> {
  const text = `${addressBlock(address)}\n${userAgent}`
  const device = createHash('sha256').update(text).digest('hex')
  const seen = await tx
    .updateTable('signInDevices')
    .set({ lastSeenAt: now(app) })
    .where('userId', '=', user.id)
    .where('device', '=', device)
    .returning('userId')
    .executeTakeFirst()
  if (seen) return false
  await tx
    .insertInto('signInDevices')
    .values({ userId: user.id, device, lastSeenAt: now(app) })
    .onConflict((conflict) => conflict.columns(['userId', 'device']).doNothing())
    .execute()
  return (await isElse(tx, 'tokens', user)) || (await isElse(tx, 'signInDevices', user))
}

/** Whether there is more than what this sign-in made. Sessions that are long over were forgotten. */
async function isElse(tx: Tx, table: 'tokens' | 'signInDevices', user: User): Promise<boolean> {
  const { made } = await tx
    .selectFrom(table)
    .select((eb) => eb.fn.countAll<number>().as('made'))
    .where('userId', '=', user.id)
    .executeTakeFirstOrThrow()
  return Number(made) > 1
}
