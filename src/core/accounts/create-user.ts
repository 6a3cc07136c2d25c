import type { Actor } from '#core/access/actor.ts'
import { authorizeOperator } from '#core/access/can.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { userTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import { RegistryError } from '#core/errors.ts'
import { toUser, type User } from './find-user.ts'
import { parseUserName } from './user-name.ts'

/** What a new account is made of. */
export interface NewUser {
  readonly name: string
  readonly email: string
  readonly isOperator?: boolean
}

const MAX_EMAIL_CHARS = 254
const LOCAL_PART = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/i
const DOMAIN = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/i

/** Makes an account; operators only. Throws `name_taken` when another spelling of the name exists. */
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
        isOperator: isOperator ? 1 : 0,
        createdAt: now(app),
        disabledAt: null,
      })
      .onConflict((conflict) => conflict.column('key').doNothing())
      .returningAll()
      .executeTakeFirst()
    if (!row) throw new RegistryError('name_taken', `there is a user ${name} already`)
    await audit(app, tx, actor, {
      action: 'user.create',
      subject: `user:${name}`,
      detail: { email, isOperator },
    })
    changed(tx, userTopic(row.id))
    return toUser(row)
  })
}

/** Syntax only: whether it reaches somebody is found out by writing to it. */
function parseEmail(raw: string): string {
  const at = raw.lastIndexOf('@')
  const isEmail =
    raw.length <= MAX_EMAIL_CHARS &&
    LOCAL_PART.test(raw.slice(0, at)) &&
    DOMAIN.test(raw.slice(at + 1))
  if (at < 1 || !isEmail) throw new RegistryError('invalid_request', 'this is no e-mail address')
  return raw
}
