import { createRoute, z } from '@hono/zod-openapi'
import { acceptTransfer } from '#core/packages/transfer/accept-transfer.ts'
import { cancelTransfer, declineTransfer } from '#core/packages/transfer/end-transfer.ts'
import { findTransfer } from '#core/packages/transfer/find-transfer.ts'
import { listTransfers } from '#core/packages/transfer/list-transfers.ts'
import { offerTransfer } from '#core/packages/transfer/offer-transfer.ts'
import type { Transfer as CoreTransfer } from '#core/packages/transfer/transfer.ts'
import type { Api } from './env.ts'
import { packageRef } from './package-address.ts'
import { packageParams } from './packages.ts'
import { PageQuery, page, pageOf } from './paging.ts'
import { body, json, problems } from './responses.ts'
import { defined, Id, Time, time } from './schemas.ts'

const Transfer = z
  .object({
    id: z.int(),
    ecosystem: z.string().openapi({ example: 'oci' }),
    path: z.string().openapi({ example: 'acme/web', description: 'Its name before' }),
    fromNamespace: z.string().openapi({ example: 'acme' }),
    toNamespace: z.string().optional(),
    toUser: z.string().optional().openapi({ description: 'Who says to which namespace it goes' }),
    toPath: z.string().optional().openapi({ description: 'Its name since, once accepted' }),
    status: z.enum(['pending', 'accepted', 'declined', 'cancelled', 'expired']),
    createdBy: z.string().openapi({ example: 'user:ann' }),
    createdAt: Time,
    expiresAt: Time,
    decidedBy: z.string().optional(),
    decidedAt: Time.optional(),
  })
  .openapi('Transfer')

const Offer = z
  .strictObject({
    to: z.string().openapi({ description: 'Name of a namespace, or else of a user' }),
  })
  .openapi('TransferOffer')

const Acceptance = z
  .strictObject({
    namespace: z.string().optional().openapi({
      description: 'Where it goes, when it was offered to a user; else their oldest namespace',
    }),
  })
  .openapi('TransferAcceptance')

const tags = ['Packages']
const params = z.object({ id: Id })
const refusals = ['unauthenticated', 'forbidden', 'scope_missing'] as const
const answer = json(Transfer, 'The transfer as it is now')

const offer = createRoute({
  method: 'post',
  path: '/api/v1/packages/{ecosystem}/{path}/transfer',
  operationId: 'offerTransfer',
  tags,
  summary: 'Offer a package to another namespace, as an admin of the one it is in',
  description: 'Nothing changes until the other side accepts; they have seven days.',
  request: { params: packageParams, body: body(Offer) },
  responses: {
    201: json(Transfer, 'The offer'),
    default: problems(
      ...refusals,
      'name_invalid',
      'not_found',
      'package_unknown',
      'namespace_unknown',
      'namespace_terminating',
      'name_taken',
      'conflict',
    ),
  },
})

const list = createRoute({
  method: 'get',
  path: '/api/v1/transfers',
  operationId: 'listTransfers',
  tags,
  summary: 'Transfers that you may decide on for either side',
  request: {
    query: PageQuery.extend({ status: z.enum(['pending', 'any']).optional() }),
  },
  responses: {
    200: json(pageOf(Transfer, 'TransferPage'), 'Transfers, newest first'),
    default: problems('unauthenticated', 'scope_missing'),
  },
})

const get = createRoute({
  method: 'get',
  path: '/api/v1/transfers/{id}',
  operationId: 'getTransfer',
  tags,
  summary: 'One transfer',
  request: { params },
  responses: {
    200: json(Transfer, 'The transfer'),
    default: problems('unauthenticated', 'scope_missing', 'transfer_unknown'),
  },
})

const accept = createRoute({
  method: 'post',
  path: '/api/v1/transfers/{id}/accept',
  operationId: 'acceptTransfer',
  tags,
  summary: 'Take an offered package over, as an admin of the namespace that it goes to',
  description: 'It moves with all that it has; roles in it that the old side gave end.',
  request: { params, body: body(Acceptance) },
  responses: {
    200: answer,
    default: problems(
      ...refusals,
      'transfer_unknown',
      'namespace_unknown',
      'namespace_terminating',
      'name_invalid',
      'name_taken',
      'quota_exceeded',
      'conflict',
    ),
  },
})

const decline = createRoute({
  method: 'post',
  path: '/api/v1/transfers/{id}/decline',
  operationId: 'declineTransfer',
  tags,
  summary: 'Say no to an offer',
  request: { params },
  responses: { 200: answer, default: problems(...refusals, 'transfer_unknown', 'conflict') },
})

const cancel = createRoute({
  method: 'post',
  path: '/api/v1/transfers/{id}/cancel',
  operationId: 'cancelTransfer',
  tags,
  summary: 'Take an offer back',
  request: { params },
  responses: { 200: answer, default: problems(...refusals, 'transfer_unknown', 'conflict') },
})

/** `/transfers`, and `/packages/{ecosystem}/{path}/transfer`. */
export function mountTransfers(api: Api): void {
  api.openapi(offer, async (c) => {
    const { app, actor, ecosystems } = c.var
    const { ecosystem, path } = c.req.valid('param')
    const ref = packageRef(ecosystems, ecosystem, path)
    const made = await offerTransfer(app, actor, ref, c.req.valid('json'))
    c.header('location', `/api/v1/transfers/${made.id}`)
    return c.json(view(made), 201)
  })
  api.openapi(list, async (c) => {
    const { status, ...request } = c.req.valid('query')
    const filter = { ...defined(request), isPending: status === 'pending' }
    return c.json(page(c, await listTransfers(c.var.app, c.var.actor, filter), view), 200)
  })
  api.openapi(get, async (c) => {
    const { id } = c.req.valid('param')
    return c.json(view(await findTransfer(c.var.app, c.var.actor, id)), 200)
  })
  api.openapi(accept, async (c) => {
    const wanted = { ...c.req.valid('param'), ...defined(c.req.valid('json')) }
    return c.json(view(await acceptTransfer(c.var.app, c.var.actor, wanted)), 200)
  })
  api.openapi(decline, async (c) => {
    const { id } = c.req.valid('param')
    return c.json(view(await declineTransfer(c.var.app, c.var.actor, id)), 200)
  })
  api.openapi(cancel, async (c) => {
    const { id } = c.req.valid('param')
    return c.json(view(await cancelTransfer(c.var.app, c.var.actor, id)), 200)
  })
}

function view({ createdAt, expiresAt, decidedAt, ...rest }: CoreTransfer) {
  return {
    ...rest,
    createdAt: time(createdAt),
    expiresAt: time(expiresAt),
    ...(decidedAt !== undefined && { decidedAt: time(decidedAt) }),
  }
}
