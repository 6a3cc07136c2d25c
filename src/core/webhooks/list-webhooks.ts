import type { Actor } from '#core/access/actor.ts'
import { authorize, authorizeOperator } from '#core/access/can.ts'
import type { App } from '#core/app.ts'
import { getNamespace, namespaceUnknown } from '#core/namespaces/find-namespace.ts'
import { afterId, type Page, type PageRequest, pageLimit, toPage } from '#core/page.ts'
import { getManagedWebhook, selectWebhooks, toWebhook, type Webhook } from './webhook.ts'

/** Whose webhooks: a namespace's, or without one all that there are, for operators. */
export interface WebhookFilter extends PageRequest {
  readonly namespace?: string
}

/** Webhooks by id, without their secrets. */
export async function listWebhooks(
  app: App,
  actor: Actor,
  filter: WebhookFilter = {},
): Promise<Page<Webhook>> {
  const { db } = app.database
  let query = selectWebhooks(db)
  if (filter.namespace === undefined) authorizeOperator(actor)
  else {
    const { id, name } = await getNamespace(db, filter.namespace)
    authorize(actor, 'manage', { namespaceId: id }, () => namespaceUnknown(name))
    query = query.where('webhooks.namespaceId', '=', id)
  }
  const rows = await query
    .where('webhooks.id', '>', afterId(filter) ?? 0)
    .orderBy('webhooks.id')
    .limit(pageLimit(filter) + 1)
    .execute()
  return toPage(rows, filter, { item: toWebhook, cursor: (row) => row.id })
}

/** One webhook, for who manages it. */
export async function getWebhook(app: App, actor: Actor, id: number): Promise<Webhook> {
  return await getManagedWebhook(app.database.db, actor, id)
}
