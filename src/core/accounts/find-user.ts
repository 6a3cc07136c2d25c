import type { Db, Row } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { readUserName } from './user-name.ts'

/** A person with an account. */
export interface User {
  readonly id: number
  readonly name: string
  readonly email: string
  readonly isOperator: boolean
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly disabledAt?: number
}

/** The user of that name, in any spelling. */
export async function findUser(db: Db, rawName: string): Promise<User | undefined> {
  const parsed = readUserName(rawName)
  if (!parsed) return undefined
  const row = await db
    .selectFrom('users')
    .selectAll()
    .where('key', '=', parsed.key)
    .executeTakeFirst()
  return row && toUser(row)
}

/** The user of that name; throws `user_unknown`. */
export async function getUser(db: Db, rawName: string): Promise<User> {
  const user = await findUser(db, rawName)
  if (!user) throw userUnknown(rawName)
  return user
}

/** What is thrown for a user who is not there, or whom the asker may not know of. */
export function userUnknown(rawName: string): RegistryError {
  return new RegistryError('user_unknown', `there is no user ${rawName.slice(0, 64)}`)
}

/** The user in a row. */
export function toUser(row: Row<'users'>): User {
  return {
    id: row.id,
    name: row.name,
    email: row.email,
    isOperator: row.isOperator === 1,
    createdAt: row.createdAt,
    ...(row.disabledAt !== null && { disabledAt: row.disabledAt }),
  }
}
