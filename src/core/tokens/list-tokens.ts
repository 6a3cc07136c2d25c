import type { Actor } from '#core/access/actor.ts'
import { authorizeOperator } from '#core/access/can.ts'
import type { App } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import { afterId, type Page, type PageRequest, pageLimit, toPage } from '#core/page.ts'
import { authorizeOwner, type OwnerRef } from './authorize-owner.ts'
import { selectTokens, type Token, toToken } from './token.ts'

/** The tokens of one owner that are not revoked, or, for operators, of everybody. */
export async function listTokens(
  app: App,
  actor: Actor,
  owner: OwnerRef | undefined,
  page: PageRequest = {},
): Promise<Page<Token>> {
  const { db } = app.database
  let query = selectTokens(db)
    .where('tokens.kind', '=', 'token')
    .where('tokens.revokedAt', 'is', null)
  if (owner === undefined) authorizeOperator(actor)
  else {
    const { userId, namespaceId } = await authorizeOwner(db, actor, owner)
    if (userId !== null) refuseRestricted(actor)
    query = query
      .where('tokens.userId', 'is not distinct from', userId)
      .where('tokens.namespaceId', 'is not distinct from', namespaceId)
  }
  const rows = await query
    .where('tokens.id', '>', afterId(page) ?? 0)
    .orderBy('tokens.id')
    .limit(pageLimit(page) + 1)
    .execute()
  return toPage(rows, page, { item: toToken, cursor: (row) => row.id })
}

function refuseRestricted(actor: Actor): void {
  if (!actor.onlyNamespaces && !actor.onlyPackages) return
  throw new RegistryError('forbidden', 'a restricted credential cannot see the tokens of its owner')
}
