import type { Db } from '#core/db/schema.ts'
import { toUser, type User } from './find-user.ts'

/** The user with that id, unless disabled. */
export async function findUserById(db: Db, id: number): Promise<User | undefined> {
  if (!Number.isSafeInteger(id)) return undefined
  const row = await db
    .selectFrom('users')
    .selectAll()
    .where('id', '=', id)
    .where('disabledAt', 'is', null)
    .executeTakeFirst()
  return row && toUser(row)
}
