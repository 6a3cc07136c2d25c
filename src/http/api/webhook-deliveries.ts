import { createRoute, z } from '@hono/zod-openapi'
import { type Delivery as CoreDelivery, listDeliveries } from '#core/webhooks/list-deliveries.ts'
import { pingWebhook } from '#core/webhooks/ping-webhook.ts'
import { redeliver } from '#core/webhooks/redeliver.ts'
import type { Api } from './env.ts'
import { PageQuery, page, pageOf } from './paging.ts'
import { body, json, problems } from './responses.ts'
import { defined, Time, time } from './schemas.ts'
import { webhookDenied, webhookParams, webhookTags } from './webhooks.ts'

const State = z.enum(['waiting', 'delivered', 'dead']).openapi('DeliveryState', {
  description: 'A dead delivery failed too often and waits for somebody to ask for it again',
})

const Delivery = z
  .object({
    id: z.int().openapi({ description: 'As in the header x-entrepot-delivery' }),
    messageId: z.string().openapi({ description: 'As in the header webhook-id' }),
    event: z.string().openapi({ example: 'publish' }),
    state: State,
    body: z.string().openapi({ description: 'What is posted' }),
    attempts: z.int(),
    createdAt: Time,
    nextAt: Time.optional(),
    lastAt: Time.optional(),
    lastStatus: z.int().optional(),
    lastError: z.string().optional(),
    lastResponse: z.string().optional().openapi({ description: 'The first KiB of the answer' }),
  })
  .openapi('Delivery')

const Wanted = z
  .strictObject({
    delivery: z
      .int()
      .min(1)
      .optional()
      .openapi({ description: 'Which one, whatever became of it; without it all that are dead' }),
  })
  .openapi('Redelivery')

const Redelivered = z.object({ count: z.int() }).openapi('Redelivered')
const Pinged = z.object({ delivery: z.int() }).openapi('Pinged')

const list = createRoute({
  method: 'get',
  path: '/api/v1/webhooks/{id}/deliveries',
  operationId: 'listDeliveries',
  tags: webhookTags,
  summary: 'What was and is to be delivered, of the last 30 days',
  request: { params: webhookParams, query: PageQuery.extend({ state: State.optional() }) },
  responses: {
    200: json(pageOf(Delivery, 'DeliveryPage'), 'Deliveries, newest first'),
    default: problems(...webhookDenied),
  },
})

const again = createRoute({
  method: 'post',
  path: '/api/v1/webhooks/{id}/redeliver',
  operationId: 'redeliver',
  tags: webhookTags,
  summary: 'Deliver again, now',
  request: { params: webhookParams, body: body(Wanted) },
  responses: {
    202: json(Redelivered, 'How many deliveries wait again'),
    default: problems(...webhookDenied, 'delivery_unknown', 'conflict'),
  },
})

const ping = createRoute({
  method: 'post',
  path: '/api/v1/webhooks/{id}/ping',
  operationId: 'pingWebhook',
  tags: webhookTags,
  summary: 'Send an event that says nothing, to see whether it arrives',
  request: { params: webhookParams },
  responses: {
    202: json(Pinged, 'The delivery to look for'),
    default: problems(...webhookDenied, 'conflict'),
  },
})

/** `/webhooks/{id}/deliveries` and what makes some. */
export function mountWebhookDeliveries(api: Api): void {
  api.openapi(list, async (c) => {
    const { id } = c.req.valid('param')
    const filter = defined(c.req.valid('query'))
    return c.json(page(c, await listDeliveries(c.var.app, c.var.actor, id, filter), view), 200)
  })
  api.openapi(again, async (c) => {
    const { id } = c.req.valid('param')
    const { delivery } = c.req.valid('json')
    return c.json({ count: await redeliver(c.var.app, c.var.actor, id, delivery) }, 202)
  })
  api.openapi(ping, async (c) => {
    const { id } = c.req.valid('param')
    return c.json({ delivery: await pingWebhook(c.var.app, c.var.actor, id) }, 202)
  })
}

function view({ createdAt, nextAt, lastAt, ...delivery }: CoreDelivery) {
  const times = { nextAt: momentOf(nextAt), lastAt: momentOf(lastAt) }
  return { ...defined({ ...delivery, ...times }), createdAt: time(createdAt) }
}

function momentOf(millis: number | undefined): string | undefined {
  return millis === undefined ? undefined : time(millis)
}
