import type { Db } from '#core/db/schema.ts'
import { emailKey } from './email.ts'
import { toUser, type User } from './find-user.ts'

/** Whom an address signs in, in any spelling; also somebody who is locked out. */
export async function findUserByEmail(db: Db, email: string): Promise<User | undefined> {
  const row = await db
    .selectFrom('users')
    .selectAll()
    .where('emailKey', '=', emailKey(email))
    .executeTakeFirst()
  return row && toUser(row)
}
