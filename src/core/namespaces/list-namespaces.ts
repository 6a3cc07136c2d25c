import type { Actor } from '#core/access/actor.ts'
import { authorizeOperator, authorizeUser } from '#core/access/can.ts'
import { findUser, userUnknown } from '#core/accounts/find-user.ts'
import type { App } from '#core/app.ts'
import { afterKey, type Page, type PageRequest, pageLimit, toPage } from '#core/page.ts'
import { type Namespace, toNamespace } from './find-namespace.ts'
import { checkLabelFilters, hasLabel, type LabelFilter } from './labels.ts'

/** Which namespaces: all conditions together. */
export interface NamespaceFilter extends PageRequest {
  readonly labels?: readonly LabelFilter[]
  /** Name of a user who is a member; only that user and operators may ask. */
  readonly memberOf?: string
}

/** Namespaces by key. Anybody may see that they exist; what is in them is another question. */
export async function listNamespaces(
  app: App,
  actor: Actor,
  filter: NamespaceFilter = {},
): Promise<Page<Namespace>> {
  const { labels = [], memberOf } = filter
  checkLabelFilters(labels)
  const after = afterKey(filter)
  let query = app.database.db.selectFrom('namespaces').selectAll('namespaces')
  if (after !== undefined) query = query.where('namespaces.key', '>', after)
  for (const label of labels) query = query.where((eb) => hasLabel(eb, 'namespaces', label))
  if (memberOf !== undefined) {
    const userId = await memberId(app, actor, memberOf)
    query = query.where('namespaces.id', 'in', (eb) =>
      eb.selectFrom('members').select('namespaceId').where('userId', '=', userId),
    )
  }
  const rows = await query
    .orderBy('namespaces.key')
    .limit(pageLimit(filter) + 1)
    .execute()
  return toPage(rows, filter, { item: toNamespace, cursor: (row) => row.key })
}

async function memberId(app: App, actor: Actor, rawName: string): Promise<number> {
  const user = await findUser(app.database.db, rawName)
  if (user && user.id === actor.userId) return authorizeUser(actor, 'read')
  authorizeOperator(actor)
  if (!user) throw userUnknown(rawName)
  return user.id
}
