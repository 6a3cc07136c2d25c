import { createRoute, z } from '@hono/zod-openapi'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { deleteNamespace } from '#core/namespaces/delete-namespace.ts'
import { getNamespace } from '#core/namespaces/find-namespace.ts'
import { listNamespaces } from '#core/namespaces/list-namespaces.ts'
import { updateNamespace } from '#core/namespaces/update-namespace.ts'
import type { Api } from './env.ts'
import { Namespace, NamespaceChange, NewNamespace, namespaceView } from './namespace-schema.ts'
import { PageQuery, page, pageOf } from './paging.ts'
import { body, json, problems } from './responses.ts'
import { defined } from './schemas.ts'

const params = z.object({ namespace: z.string().openapi({ example: 'acme' }) })
const tags = ['Namespaces']

const list = createRoute({
  method: 'get',
  path: '/api/v1/namespaces',
  operationId: 'listNamespaces',
  tags,
  summary: 'Every namespace, or those of one member',
  request: {
    query: PageQuery.extend({
      member: z.string().optional().openapi({
        description: 'Those this user is a member of: yourself, or anybody as an operator',
      }),
    }),
  },
  responses: {
    200: json(pageOf(Namespace, 'NamespacePage'), 'Namespaces by name'),
    default: problems('unauthenticated', 'forbidden', 'scope_missing', 'user_unknown'),
  },
})

const create = createRoute({
  method: 'post',
  path: '/api/v1/namespaces',
  operationId: 'createNamespace',
  tags,
  summary: 'Make a namespace; you are its first admin',
  request: { body: body(NewNamespace) },
  responses: {
    201: json(Namespace, 'The new namespace'),
    default: problems(
      'unauthenticated',
      'forbidden',
      'scope_missing',
      'name_invalid',
      'name_taken',
      'user_unknown',
    ),
  },
})

const get = createRoute({
  method: 'get',
  path: '/api/v1/namespaces/{namespace}',
  operationId: 'getNamespace',
  tags,
  summary: 'One namespace',
  request: { params },
  responses: { 200: json(Namespace, 'The namespace'), default: problems('namespace_unknown') },
})

const update = createRoute({
  method: 'patch',
  path: '/api/v1/namespaces/{namespace}',
  operationId: 'updateNamespace',
  tags,
  summary: 'Change labels as an admin, quotas and provider labels as an operator',
  description: 'Labels are replaced as a whole. A quota below what is used takes nothing away.',
  request: { params, body: body(NamespaceChange) },
  responses: {
    200: json(Namespace, 'The namespace as it is now'),
    default: problems(
      'unauthenticated',
      'forbidden',
      'scope_missing',
      'namespace_unknown',
      'namespace_terminating',
    ),
  },
})

const remove = createRoute({
  method: 'delete',
  path: '/api/v1/namespaces/{namespace}',
  operationId: 'deleteNamespace',
  tags,
  summary: 'End a namespace and everything in it, as an admin',
  description: 'Nothing is found in it from now on; its content is taken apart in the background.',
  request: { params },
  responses: {
    202: json(Namespace, 'The namespace, terminating'),
    default: problems('unauthenticated', 'forbidden', 'scope_missing', 'namespace_unknown'),
  },
})

/** `/namespaces`. */
export function mountNamespaces(api: Api): void {
  api.openapi(list, async (c) => {
    const { app, actor } = c.var
    const { member, ...request } = c.req.valid('query')
    const found = await listNamespaces(app, actor, defined({ ...request, memberOf: member }))
    return c.json(
      page(c, found, (one) => namespaceView(actor, one)),
      200,
    )
  })
  api.openapi(create, async (c) => {
    const { app, actor } = c.var
    const made = await createNamespace(app, actor, defined(c.req.valid('json')))
    c.header('location', `/api/v1/namespaces/${made.name}`)
    return c.json(namespaceView(actor, made, true), 201)
  })
  api.openapi(get, async (c) => {
    const { app, actor } = c.var
    const found = await getNamespace(app.database.db, c.req.valid('param').namespace)
    return c.json(namespaceView(actor, found), 200)
  })
  api.openapi(update, async (c) => {
    const { app, actor } = c.var
    const { namespace } = c.req.valid('param')
    const updated = await updateNamespace(app, actor, namespace, defined(c.req.valid('json')))
    return c.json(namespaceView(actor, updated), 200)
  })
  api.openapi(remove, async (c) => {
    const { app, actor } = c.var
    const { namespace } = c.req.valid('param')
    // Read first: the job that takes it apart may be quicker than this answer.
    const found = await getNamespace(app.database.db, namespace)
    await deleteNamespace(app, actor, namespace)
    return c.json(namespaceView(actor, { ...found, status: 'terminating' }), 202)
  })
}
