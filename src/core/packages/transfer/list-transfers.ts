import { type Expression, expressionBuilder, type SqlBool } from 'kysely'
import type { Actor } from '#core/access/actor.ts'
import { judge } from '#core/access/can.ts'
import { type App, now } from '#core/app.ts'
import type { Schema } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { afterId, type Page, type PageRequest, pageLimit, toPage } from '#core/page.ts'
import { selectTransfers, type Transfer, toTransfer } from './transfer.ts'

/** Which transfers: all conditions together. */
export interface TransferFilter extends PageRequest {
  /** Only those that can still be decided. */
  readonly isPending?: boolean
}

/** The transfers that the actor may decide on for either side, newest first; operators see all. */
export async function listTransfers(
  app: App,
  actor: Actor,
  filter: TransferFilter = {},
): Promise<Page<Transfer>> {
  const before = afterId(filter)
  let query = selectTransfers(app.database.db).where(ofActor(actor))
  if (filter.isPending) {
    query = query
      .where('transfers.status', '=', 'pending')
      .where('transfers.expiresAt', '>', now(app))
  }
  if (before !== undefined) query = query.where('transfers.id', '<', before)
  const rows = await query
    .orderBy('transfers.id', 'desc')
    .limit(pageLimit(filter) + 1)
    .execute()
  return toPage(rows, filter, { item: (row) => toTransfer(app, row), cursor: ({ id }) => id })
}

/** The list form of `sidesOf`. */
function ofActor(actor: Actor): Expression<SqlBool> {
  if (actor.kind === 'anonymous') {
    throw new RegistryError('unauthenticated', 'to see transfers needs a credential')
  }
  if (!actor.scopes.has('admin') || actor.grants) {
    throw new RegistryError('scope_missing', 'the credential lacks the scope admin', {
      details: { scope: 'admin' },
    })
  }
  const eb = expressionBuilder<Schema, 'transfers'>()
  const { onlyNamespaces, onlyPackages, isOperator, userId } = actor
  if (isOperator && !onlyNamespaces && !onlyPackages) return eb.lit(true)
  const mine = isOperator ? [...(onlyNamespaces ?? [])] : [...actor.roles.keys()]
  const ids = [-1, ...mine.filter((id) => judge(actor, 'manage', { namespaceId: id }) === 'yes')]
  const sides = [
    eb('transfers.fromNamespaceId', 'in', ids),
    eb('transfers.toNamespaceId', 'in', ids),
  ]
  if (userId !== undefined && !onlyNamespaces && !onlyPackages) {
    sides.push(eb('transfers.toUserId', '=', userId))
  }
  return eb.or(sides)
}
