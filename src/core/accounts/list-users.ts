import type { Actor } from '#core/access/actor.ts'
import { authorizeOperator } from '#core/access/can.ts'
import type { App } from '#core/app.ts'
import { afterKey, type Page, type PageRequest, pageLimit, toPage } from '#core/page.ts'
import { toUser, type User } from './find-user.ts'

/** Every account by key; operators only. */
export async function listUsers(
  app: App,
  actor: Actor,
  page: PageRequest = {},
): Promise<Page<User>> {
  authorizeOperator(actor)
  const after = afterKey(page)
  const rows = await app.database.db
    .selectFrom('users')
    .selectAll()
    .$if(after !== undefined, (query) => query.where('key', '>', after ?? ''))
    .orderBy('key')
    .limit(pageLimit(page) + 1)
    .execute()
  return toPage(rows, page, { item: toUser, cursor: (row) => row.key })
}
