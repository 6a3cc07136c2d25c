import { createRoute, z } from '@hono/zod-openapi'
import type { Actor } from '#core/access/actor.ts'
import { authorizeUser } from '#core/access/can.ts'
import type { OwnerRef } from '#core/tokens/authorize-owner.ts'
import { createToken } from '#core/tokens/create-token.ts'
import { limitIds, limitNames, type NamedLimits } from '#core/tokens/limit-names.ts'
import { listTokens } from '#core/tokens/list-tokens.ts'
import { reportToken } from '#core/tokens/report-token.ts'
import { revokeToken } from '#core/tokens/revoke-token.ts'
import type { Token as CoreToken, TokenOwner } from '#core/tokens/token.ts'
import type { Api } from './env.ts'
import { parseAddress } from './package-address.ts'
import { PageQuery, page, pageOf } from './paging.ts'
import { body, json, problems } from './responses.ts'
import { defined, Id, RoleName, ScopeName, Time, TimeInput, time } from './schemas.ts'

const MAX_LIMITS = 100

const Token = z
  .object({
    id: z.int(),
    name: z.string().openapi({ example: 'laptop' }),
    user: z.string().optional().openapi({ description: 'Its owner, unless it is a robot' }),
    namespace: z.string().optional().openapi({ description: 'The namespace of a robot' }),
    role: RoleName.optional().openapi({ description: 'What a robot is in its namespace' }),
    scopes: z.array(ScopeName),
    onlyNamespaces: z.array(z.string()).optional(),
    onlyPackages: z
      .array(z.string().openapi({ example: 'oci/acme/web' }))
      .optional()
      .openapi({ description: 'Those of them that you may read' }),
    createdAt: Time,
    createdBy: z.string().openapi({ example: 'user:ann' }),
    expiresAt: Time.optional(),
    lastUsedAt: Time.optional().openapi({ description: 'Exact to a minute' }),
  })
  .openapi('Token')

const NewToken = z
  .strictObject({
    name: z.string().openapi({ example: 'laptop' }),
    scopes: z
      .array(ScopeName)
      .min(1)
      .max(3)
      .openapi({ example: ['publish', 'read'] }),
    user: z.string().optional().openapi({ description: 'For another user, as an operator' }),
    namespace: z.string().optional().openapi({
      description: 'Makes a robot: a token that the namespace owns, with a role in it',
    }),
    role: RoleName.optional(),
    onlyNamespaces: z.array(z.string()).min(1).max(MAX_LIMITS).optional(),
    onlyPackages: z
      .array(z.string().openapi({ example: 'oci/acme/web' }))
      .min(1)
      .max(MAX_LIMITS)
      .optional(),
    expiresAt: TimeInput.optional(),
  })
  .refine(({ user, namespace }) => user === undefined || namespace === undefined, {
    path: ['namespace'],
    error: 'a token is owned by a user or by a namespace, not by both',
  })
  .refine(({ namespace, role }) => (namespace === undefined) === (role === undefined), {
    path: ['role'],
    error: 'a robot needs both a namespace and a role, any other token neither',
  })
  .openapi('NewToken')

const LeakedToken = z
  .strictObject({ token: z.string().max(16_384).openapi({ description: 'The secret itself' }) })
  .openapi('LeakedToken')

const CreatedToken = z
  .object({
    secret: z.string().openapi({ description: 'Shown here, once, and kept nowhere' }),
    token: Token,
  })
  .openapi('CreatedToken')

const OwnerQuery = PageQuery.extend({
  user: z.string().optional().openapi({ description: 'Whose, as an operator' }),
  namespace: z.string().optional().openapi({ description: 'Robots of which, as its admin' }),
}).refine(({ user, namespace }) => user === undefined || namespace === undefined, {
  path: ['namespace'],
  error: 'ask for the tokens of a user or of a namespace, not of both',
})

const tags = ['Tokens']

const list = createRoute({
  method: 'get',
  path: '/api/v1/tokens',
  operationId: 'listTokens',
  tags,
  summary: 'Tokens that are not revoked: your own, a namespace’s robots, or anybody’s',
  request: { query: OwnerQuery },
  responses: {
    200: json(pageOf(Token, 'TokenPage'), 'Tokens by id, without their secrets'),
    default: problems(
      'unauthenticated',
      'forbidden',
      'scope_missing',
      'namespace_unknown',
      'user_unknown',
    ),
  },
})

const create = createRoute({
  method: 'post',
  path: '/api/v1/tokens',
  operationId: 'createToken',
  tags,
  summary: 'Make a token',
  description:
    'A new token never allows more than the credential that makes it, and expires no later.',
  request: { body: body(NewToken) },
  responses: {
    201: json(CreatedToken, 'The new token and its secret'),
    default: problems(
      'unauthenticated',
      'forbidden',
      'scope_missing',
      'name_invalid',
      'namespace_unknown',
      'package_unknown',
      'user_unknown',
      'namespace_terminating',
    ),
  },
})

const revoke = createRoute({
  method: 'delete',
  path: '/api/v1/tokens/{id}',
  operationId: 'revokeToken',
  tags,
  summary: 'End a token at once, everywhere',
  description: 'Any token may end itself.',
  request: { params: z.object({ id: Id }) },
  responses: {
    204: { description: 'It is good for nothing any more' },
    default: problems('unauthenticated', 'forbidden', 'scope_missing', 'token_unknown'),
  },
})

const report = createRoute({
  method: 'post',
  path: '/api/v1/tokens/report',
  operationId: 'reportToken',
  tags,
  summary: 'End a token that was found where it should not be',
  description: 'Needs no credential. The answer is the same whether there was such a token or not.',
  request: { body: body(LeakedToken) },
  responses: {
    202: { description: 'If it was a token, it is none any more' },
    default: problems(),
  },
})

/** `/tokens`. */
export function mountTokens(api: Api): void {
  api.openapi(list, async (c) => {
    const { app, actor } = c.var
    const { user, namespace, ...request } = c.req.valid('query')
    const owner: OwnerRef =
      namespace === undefined ? { user: user ?? ownName(actor) } : { namespace }
    const found = await listTokens(app, actor, owner, defined(request))
    const names = await limitNames(app, actor, found.items)
    return c.json(
      page(c, found, (token) => view(token, names(token))),
      200,
    )
  })
  api.openapi(create, async (c) => {
    const { app, actor, ecosystems } = c.var
    const { user, namespace, role, onlyNamespaces, onlyPackages, ...rest } = c.req.valid('json')
    const owner: TokenOwner =
      namespace === undefined || role === undefined
        ? { user: user ?? ownName(actor) }
        : { namespace, role }
    const packages = onlyPackages?.map((address) => parseAddress(ecosystems, address))
    const limits = await limitIds(app, actor, defined({ namespaces: onlyNamespaces, packages }))
    const made = await createToken(app, actor, owner, { ...defined(rest), ...limits })
    const names = await limitNames(app, actor, [made.token])
    return c.json({ secret: made.secret, token: view(made.token, names(made.token)) }, 201)
  })
  api.openapi(report, async (c) => {
    await reportToken(c.var.app, c.var.actor, c.req.valid('json').token)
    return c.body(null, 202)
  })
  api.openapi(revoke, async (c) => {
    await revokeToken(c.var.app, c.var.actor, c.req.valid('param').id)
    return c.body(null, 204)
  })
}

/** Only users have tokens of their own. */
function ownName(actor: Actor): string {
  authorizeUser(actor, 'admin')
  return actor.name.slice('user:'.length)
}

function view(token: CoreToken, names: NamedLimits) {
  const { id, name, owner, createdAt, createdBy, expiresAt, lastUsedAt } = token
  return {
    id,
    name,
    ...owner,
    scopes: [...token.scopes],
    ...names,
    createdAt: time(createdAt),
    createdBy,
    ...(expiresAt !== undefined && { expiresAt: time(expiresAt) }),
    ...(lastUsedAt !== undefined && { lastUsedAt: time(lastUsedAt) }),
  }
}
