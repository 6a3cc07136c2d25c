import type { Actor } from '#core/access/actor.ts'
import { type App, now } from '#core/app.ts'
import { getNamespace } from '#core/namespaces/find-namespace.ts'
import { afterKey, type Page, type PageRequest, pageLimit, toPage } from '#core/page.ts'
import { authorizeInvitations } from './authorize-invitations.ts'
import { type Invitation, toInvitation } from './invitation.ts'

/** Who was invited and did not sign in yet, by address; admins only. */
export async function listInvitations(
  app: App,
  actor: Actor,
  rawNamespace: string,
  page: PageRequest = {},
): Promise<Page<Invitation>> {
  const { db } = app.database
  const { id } = await getNamespace(db, rawNamespace)
  authorizeInvitations(actor, id, rawNamespace)
  const after = afterKey(page)
  let query = db
    .selectFrom('invitations')
    .selectAll()
    .where('namespaceId', '=', id)
    .where('expiresAt', '>', now(app))
  if (after !== undefined) query = query.where('emailKey', '>', after)
  const rows = await query
    .orderBy('emailKey')
    .limit(pageLimit(page) + 1)
    .execute()
  return toPage(rows, page, { item: toInvitation, cursor: (row) => row.emailKey })
}
