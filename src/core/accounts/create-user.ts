import type { Actor } from '#core/access/actor.ts'
import { authorizeOperator } from '#core/access/can.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { userTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { emailKey, parseEmail } from './email.ts'
import { findUser, toUser, type User } from './find-user.ts'
import { parseUserName } from './user-name.ts'

/** What a new account is made of. */
export interface NewUser {
  readonly name: string
  readonly email: string
  readonly isOperator?: boolean
}

/**
 * Makes an account; operators only. Throws `name_taken` when another spelling of the name exists, and
 * `conflict` when somebody signs in with the address already.
 */
export async function createUser(app: App, actor: Actor, wanted: NewUser): Promise<User> {
  authorizeOperator(actor)
  const { name, key } = parseUserName(wanted.name)
  const email = parseEmail(wanted.email)
  const isOperator = wanted.isOperator === true
  return await change(app, async (tx) => {
    const row = await tx
      .insertInto('users')
      .values({
        name,
        key,
        email,
        emailKey: emailKey(email),
        isOperator: isOperator ? 1 : 0,
        createdAt: now(app),
        disabledAt: null,
      })
      .onConflict((conflict) => conflict.doNothing())
      .returningAll()
      .executeTakeFirst()
    if (!row) throw await whyTaken(tx, name)
    await audit(app, tx, actor, {
      action: 'user.create',
      subject: `user:${name}`,
      detail: { email, isOperator },
    })
    changed(tx, userTopic(row.id))
    return toUser(row)
  })
}

async function whyTaken(tx: Tx, name: string): Promise<RegistryError> {
  if (await findUser(tx, name)) {
    return new RegistryError('name_taken', `there is a user ${name} already`)
  }
  return new RegistryError('conflict', 'another account has this e-mail address')
}
