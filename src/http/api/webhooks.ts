import { createRoute, z } from '@hono/zod-openapi'
import { createWebhook } from '#core/webhooks/create-webhook.ts'
import { deleteWebhook } from '#core/webhooks/delete-webhook.ts'
import { WEBHOOK_EVENTS, WEBHOOK_KINDS, type WebhookKind } from '#core/webhooks/kinds.ts'
import { getWebhook, listWebhooks } from '#core/webhooks/list-webhooks.ts'
import { updateWebhook } from '#core/webhooks/update-webhook.ts'
import type { Webhook as CoreWebhook } from '#core/webhooks/webhook.ts'
import type { Api } from './env.ts'
import { PageQuery, page, pageOf } from './paging.ts'
import { body, json, problems } from './responses.ts'
import { defined, Id, Time, time } from './schemas.ts'

const KINDS = Object.keys(WEBHOOK_KINDS) as [WebhookKind, ...WebhookKind[]]

const EventName = z.enum(WEBHOOK_EVENTS).openapi('WebhookEvent')
const KindName = z.enum(KINDS).openapi('WebhookKind', {
  description:
    'json: a signed JSON document; form-package-name: the form field `packageName`, for docs sites, and only of public packages',
})
const Url = z.string().openapi({ example: 'https://ci.example.org/hooks/registry' })
const Secret = z.string().openapi({
  example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=',
  description: '`whsec_` and 24 to 64 random bytes in base64',
})

const Webhook = z
  .object({
    id: z.int(),
    namespace: z.string().optional().openapi({ description: 'Missing: the whole registry' }),
    kind: KindName,
    url: Url,
    events: z.array(EventName),
    ecosystem: z.string().optional().openapi({ description: 'Only packages of this one' }),
    isActive: z.boolean(),
    isConfigured: z.boolean().openapi({ description: 'Set in the registry’s configuration' }),
    disabledReason: z
      .string()
      .optional()
      .openapi({ description: 'Why the registry turned it off' }),
    createdAt: Time,
    createdBy: z.string().openapi({ example: 'user:ann' }),
  })
  .openapi('Webhook')

const NewWebhook = z
  .strictObject({
    url: Url,
    namespace: z.string().optional().openapi({
      description: 'Told of its packages, private ones too; without it of all, as an operator',
    }),
    kind: KindName.optional(),
    secret: Secret.optional(),
    events: z.array(EventName).min(1).max(WEBHOOK_EVENTS.length).optional(),
    ecosystem: z.string().optional().openapi({ example: 'oci' }),
  })
  .openapi('NewWebhook')

const CreatedWebhook = z
  .object({
    secret: Secret.optional().openapi({
      description: 'Shown here, once; missing where none signs',
    }),
    webhook: Webhook,
  })
  .openapi('CreatedWebhook')

const WebhookChange = z
  .strictObject({
    url: Url.optional(),
    events: z.array(EventName).min(1).max(WEBHOOK_EVENTS.length).optional(),
    ecosystem: z.string().nullable().optional().openapi({ description: 'null: all of them' }),
    secret: Secret.optional().openapi({
      description: 'For a day deliveries are signed with the one before, too',
    }),
    isActive: z.boolean().optional().openapi({
      description: 'What waits is held while it is off, and delivered when it is on again',
    }),
  })
  .openapi('WebhookChange')

/** How endpoints below `/webhooks/{id}` say which one. */
export const webhookParams = z.object({ id: Id })
export const webhookTags = ['Webhooks']
/** What everybody hears who does not manage the webhook. */
export const webhookDenied = [
  'unauthenticated',
  'forbidden',
  'scope_missing',
  'webhook_unknown',
] as const
const denied = ['unauthenticated', 'forbidden', 'scope_missing', 'namespace_unknown'] as const

const list = createRoute({
  method: 'get',
  path: '/api/v1/webhooks',
  operationId: 'listWebhooks',
  tags: webhookTags,
  summary: 'Webhooks of a namespace, for its admins, or all, for operators',
  request: {
    query: PageQuery.extend({ namespace: z.string().optional().openapi({ example: 'acme' }) }),
  },
  responses: {
    200: json(pageOf(Webhook, 'WebhookPage'), 'Webhooks by id, without their secrets'),
    default: problems(...denied),
  },
})

const create = createRoute({
  method: 'post',
  path: '/api/v1/webhooks',
  operationId: 'createWebhook',
  tags: webhookTags,
  summary: 'Have a server told what happens to packages',
  description:
    'Admins for a namespace, operators for the registry. Only public addresses are reached, and those that the registry’s operator allows.',
  request: { body: body(NewWebhook) },
  responses: {
    201: json(CreatedWebhook, 'The new webhook'),
    default: problems(
      ...denied,
      'namespace_terminating',
      'quota_exceeded',
      'not_found',
      'unprocessable',
    ),
  },
})

const get = createRoute({
  method: 'get',
  path: '/api/v1/webhooks/{id}',
  operationId: 'getWebhook',
  tags: webhookTags,
  summary: 'One webhook',
  request: { params: webhookParams },
  responses: { 200: json(Webhook, 'The webhook'), default: problems(...webhookDenied) },
})

const update = createRoute({
  method: 'patch',
  path: '/api/v1/webhooks/{id}',
  operationId: 'updateWebhook',
  tags: webhookTags,
  summary: 'Change a webhook, give it another secret, turn it off or on',
  request: { params: webhookParams, body: body(WebhookChange) },
  responses: {
    200: json(Webhook, 'The webhook as it is now'),
    default: problems(...webhookDenied, 'not_found', 'conflict', 'unprocessable'),
  },
})

const remove = createRoute({
  method: 'delete',
  path: '/api/v1/webhooks/{id}',
  operationId: 'deleteWebhook',
  tags: webhookTags,
  summary: 'End a webhook, with all that was still to be delivered',
  request: { params: webhookParams },
  responses: {
    204: { description: 'It is told nothing any more' },
    default: problems(...webhookDenied, 'conflict'),
  },
})

/** `/webhooks`. */
export function mountWebhooks(api: Api): void {
  api.openapi(list, async (c) => {
    const found = await listWebhooks(c.var.app, c.var.actor, defined(c.req.valid('query')))
    return c.json(page(c, found, view), 200)
  })
  api.openapi(create, async (c) => {
    const asked = defined(c.req.valid('json'))
    const { webhook, secret } = await createWebhook(c.var.app, c.var.actor, asked)
    c.header('location', `/api/v1/webhooks/${webhook.id}`)
    return c.json({ ...(secret !== undefined && { secret }), webhook: view(webhook) }, 201)
  })
  api.openapi(get, async (c) => {
    const { id } = c.req.valid('param')
    return c.json(view(await getWebhook(c.var.app, c.var.actor, id)), 200)
  })
  api.openapi(update, async (c) => {
    const { id } = c.req.valid('param')
    const wanted = defined(c.req.valid('json'))
    return c.json(view(await updateWebhook(c.var.app, c.var.actor, id, wanted)), 200)
  })
  api.openapi(remove, async (c) => {
    await deleteWebhook(c.var.app, c.var.actor, c.req.valid('param').id)
    return c.body(null, 204)
  })
}

function view({ namespaceId: _, createdAt, ...webhook }: CoreWebhook) {
  const { namespace, ecosystem, disabledReason, events, ...rest } = webhook
  return {
    ...rest,
    ...(namespace !== undefined && { namespace }),
    ...(ecosystem !== null && { ecosystem }),
    ...(disabledReason !== null && { disabledReason }),
    events: events.filter((event) => event !== 'ping'),
    createdAt: time(createdAt),
  }
}
