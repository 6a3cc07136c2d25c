import { randomBytes } from 'node:crypto'
import { type Actor, ANONYMOUS } from '#core/access/actor.ts'
import { emailKey } from '#core/accounts/email.ts'
import { findUser, toUser, type User } from '#core/accounts/find-user.ts'
import { findUserByEmail } from '#core/accounts/find-user-by-email.ts'
import { isReservedName } from '#core/accounts/reserved-names.ts'
import { readUserName } from '#core/accounts/user-name.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { userTopic } from '#core/cache/topics.ts'
import { changed } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { acceptInvitations } from '#core/namespaces/members/accept-invitations.ts'
import type { SignInOrigin } from './sign-in.ts'

const MAX_BASE_CHARS = 40
const NUMBERED_NAMES = 9

/**
 * Whom a proved address signs in, with the roles that waited for it; a new user when it is nobody's.
 * Nothing for somebody who is locked out, or who may have no account.
 */
export async function userOfEmail(
  app: App,
  tx: Tx,
  email: string,
  from: SignInOrigin,
): Promise<User | undefined> {
  const known = await findUserByEmail(tx, email)
  if (!known && !(await mayBeNew(app, tx, email))) return undefined
  const user = known ?? (await makeUser(app, tx, email, from))
  if (user.disabledAt !== undefined) return undefined
  await acceptInvitations(app, tx, user, from)
  return user
}

async function mayBeNew(app: App, tx: Tx, email: string): Promise<boolean> {
  const { newUsers } = app.settings
  if (newUsers !== 'invited') return newUsers === 'anybody'
  const invitation = await tx
    .selectFrom('invitations')
    .select('id')
    .where('emailKey', '=', emailKey(email))
    .where('expiresAt', '>', now(app))
    .executeTakeFirst()
  return invitation !== undefined
}

async function makeUser(app: App, tx: Tx, email: string, from: SignInOrigin): Promise<User> {
  for (;;) {
    const name = await freeName(tx, email)
    const row = await tx
      .insertInto('users')
      .values({
        name,
        key: readUserName(name)?.key ?? name,
        email,
        emailKey: emailKey(email),
        isOperator: 0,
        createdAt: now(app),
        disabledAt: null,
      })
      .onConflict((conflict) => conflict.doNothing())
      .returningAll()
      .executeTakeFirst()
    if (row) {
      const { address, requestId } = from
      const actor: Actor = {
        ...ANONYMOUS,
        kind: 'user',
        userId: row.id,
        name: `user:${name}`,
        address,
        requestId,
      }
      await audit(app, tx, actor, {
        action: 'user.create',
        subject: `user:${name}`,
        detail: { email },
      })
      changed(tx, userTopic(row.id))
      return toUser(row)
    }
    // Somebody was faster: with this address, or only with the name.
    const other = await findUserByEmail(tx, email)
    if (other) return other
  }
}

/** Made of what stands before the `@`, as far as a name can be. */
async function freeName(tx: Tx, email: string): Promise<string> {
  const base = nameBase(email)
  for (let number = 1; number <= NUMBERED_NAMES; number++) {
    const name = number === 1 ? base : `${base}-${number}`
    if (!isReservedName(name) && !(await findUser(tx, name))) return name
  }
  return `${base}-${randomBytes(4).toString('hex')}`
}

function nameBase(email: string): string {
  const [local = ''] = email.toLowerCase().split(/[@+]/)
  const base = local
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, MAX_BASE_CHARS)
    .replace(/-$/, '')
  return base === '' ? 'user' : base
}
