import type { Actor } from '#core/access/actor.ts'
import { authorizeUser } from '#core/access/can.ts'
import type { App } from '#core/app.ts'
import { findUser, type User, userUnknown } from './find-user.ts'

/** One account, for its owner and for operators; to others it is `user_unknown`. */
export async function viewUser(app: App, actor: Actor, rawName: string): Promise<User> {
  if (actor.kind !== 'system') authorizeUser(actor, 'read')
  const user = await findUser(app.database.db, rawName)
  if (!user || !(actor.isOperator || user.id === actor.userId)) throw userUnknown(rawName)
  return user
}
