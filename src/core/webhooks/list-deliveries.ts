import type { Actor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import type { Row } from '#core/db/schema.ts'
import { afterId, type Page, type PageRequest, pageLimit, toPage } from '#core/page.ts'
import type { WebhookEvent } from './kinds.ts'
import { getManagedWebhook } from './webhook.ts'

/** One event that one webhook is told of, and how that goes. Moments are milliseconds since 1970. */
export interface Delivery {
  readonly id: number
  readonly messageId: string
  readonly event: WebhookEvent
  readonly state: Row<'webhookDeliveries'>['state']
  /** What is posted. */
  readonly body: string
  readonly attempts: number
  readonly createdAt: number
  /** When it is tried next, while it waits. */
  readonly nextAt: number | undefined
  readonly lastAt: number | undefined
  readonly lastStatus: number | undefined
  readonly lastError: string | undefined
  /** The beginning of the last answer. */
  readonly lastResponse: string | undefined
}

/** Which deliveries. */
export interface DeliveryFilter extends PageRequest {
  readonly state?: Delivery['state']
}

/** Deliveries of a webhook, newest first; those of the last 30 days are kept. */
export async function listDeliveries(
  app: App,
  actor: Actor,
  webhookId: number,
  filter: DeliveryFilter = {},
): Promise<Page<Delivery>> {
  const { db } = app.database
  await getManagedWebhook(db, actor, webhookId)
  const before = afterId(filter)
  let query = db.selectFrom('webhookDeliveries').selectAll().where('webhookId', '=', webhookId)
  if (filter.state !== undefined) query = query.where('state', '=', filter.state)
  if (before !== undefined) query = query.where('id', '<', before)
  const rows = await query
    .orderBy('id', 'desc')
    .limit(pageLimit(filter) + 1)
    .execute()
  return toPage(rows, filter, { item: toDelivery, cursor: (row) => row.id })
}

function toDelivery(row: Row<'webhookDeliveries'>): Delivery {
  const { id, messageId, event, state, body, attempts, createdAt } = row
  return {
    id,
    messageId,
    event,
    state,
    body,
    attempts,
    createdAt,
    nextAt: state === 'waiting' ? row.nextAt : undefined,
    lastAt: row.lastAt ?? undefined,
    lastStatus: row.lastStatus ?? undefined,
    lastError: row.lastError ?? undefined,
    lastResponse: row.lastResponse ?? undefined,
  }
}
