import type { Actor } from '#core/access/actor.ts'
import { type App, now } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import { afterId, type Page, type PageRequest, pageLimit, toPage } from '#core/page.ts'
import { authorizeOwner } from '#core/tokens/authorize-owner.ts'
import { type Session, toSession } from './session.ts'

/** Where a user is signed in now: for that user, and for operators. */
export async function listSessions(
  app: App,
  actor: Actor,
  rawUser: string,
  page: PageRequest = {},
): Promise<Page<Session>> {
  const { db } = app.database
  const { userId } = await authorizeOwner(db, actor, { user: rawUser })
  if (actor.onlyNamespaces || actor.onlyPackages) {
    throw new RegistryError('forbidden', 'a restricted credential cannot see its owner’s sessions')
  }
  const rows = await db
    .selectFrom('tokens')
    .selectAll()
    .where('kind', '=', 'session')
    .where('userId', '=', userId)
    .where('revokedAt', 'is', null)
    .where('expiresAt', '>', now(app))
    .where('id', '>', afterId(page) ?? 0)
    .orderBy('id')
    .limit(pageLimit(page) + 1)
    .execute()
  return toPage(rows, page, { item: toSession, cursor: (row) => row.id })
}
