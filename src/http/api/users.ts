import { createRoute, z } from '@hono/zod-openapi'
import { createUser } from '#core/accounts/create-user.ts'
import { disableUser } from '#core/accounts/disable-user.ts'
import type { User as CoreUser } from '#core/accounts/find-user.ts'
import { listUsers } from '#core/accounts/list-users.ts'
import { setOperator } from '#core/accounts/set-operator.ts'
import { viewUser } from '#core/accounts/view-user.ts'
import { RegistryError } from '#core/errors.ts'
import type { Api } from './env.ts'
import { PageQuery, page, pageOf } from './paging.ts'
import { body, json, problems } from './responses.ts'
import { defined, Time, time } from './schemas.ts'

const User = z
  .object({
    name: z.string().openapi({ example: 'ann' }),
    email: z.string().openapi({ example: 'ann@example.org' }),
    isOperator: z.boolean(),
    isDisabled: z.boolean(),
    createdAt: Time,
  })
  .openapi('User')

const NewUser = z
  .strictObject({
    name: z.string().openapi({ example: 'ann' }),
    email: z.string().openapi({ example: 'ann@example.org' }),
    isOperator: z.boolean().optional(),
  })
  .openapi('NewUser')

const UserChange = z
  .strictObject({
    isOperator: z.boolean().optional(),
    isDisabled: z
      .boolean()
      .optional()
      .openapi({ description: 'Locks the account and its tokens out at once' }),
  })
  .openapi('UserChange')

const params = z.object({ user: z.string().openapi({ example: 'ann' }) })
const tags = ['Accounts']

const list = createRoute({
  method: 'get',
  path: '/api/v1/users',
  operationId: 'listUsers',
  tags,
  summary: 'Every account, for operators',
  request: { query: PageQuery },
  responses: {
    200: json(pageOf(User, 'UserPage'), 'Accounts by name'),
    default: problems('unauthenticated', 'forbidden', 'scope_missing'),
  },
})

const create = createRoute({
  method: 'post',
  path: '/api/v1/users',
  operationId: 'createUser',
  tags,
  summary: 'Make an account, as an operator',
  request: { body: body(NewUser) },
  responses: {
    201: json(User, 'The new account'),
    default: problems(
      'unauthenticated',
      'forbidden',
      'scope_missing',
      'name_invalid',
      'conflict',
      'name_taken',
    ),
  },
})

const get = createRoute({
  method: 'get',
  path: '/api/v1/users/{user}',
  operationId: 'getUser',
  tags,
  summary: 'One account, for its owner and for operators',
  request: { params },
  responses: {
    200: json(User, 'The account'),
    default: problems('unauthenticated', 'forbidden', 'scope_missing', 'user_unknown'),
  },
})

const update = createRoute({
  method: 'patch',
  path: '/api/v1/users/{user}',
  operationId: 'updateUser',
  tags,
  summary: 'Lock an account out or in, make an operator or not, as an operator',
  request: { params, body: body(UserChange) },
  responses: {
    200: json(User, 'The account as it is now'),
    default: problems('unauthenticated', 'forbidden', 'scope_missing', 'user_unknown'),
  },
})

/** `/users`. */
export function mountUsers(api: Api): void {
  api.openapi(list, async (c) => {
    const found = await listUsers(c.var.app, c.var.actor, defined(c.req.valid('query')))
    return c.json(page(c, found, view), 200)
  })
  api.openapi(create, async (c) => {
    const user = await createUser(c.var.app, c.var.actor, defined(c.req.valid('json')))
    c.header('location', `/api/v1/users/${user.name}`)
    return c.json(view(user), 201)
  })
  api.openapi(get, async (c) => {
    return c.json(view(await viewUser(c.var.app, c.var.actor, c.req.valid('param').user)), 200)
  })
  api.openapi(update, async (c) => {
    const { app, actor } = c.var
    const { user } = c.req.valid('param')
    const { isOperator, isDisabled } = c.req.valid('json')
    if (isOperator === undefined && isDisabled === undefined) {
      throw new RegistryError('invalid_request', 'there is nothing to change')
    }
    if (isOperator !== undefined) await setOperator(app, actor, user, isOperator)
    if (isDisabled !== undefined) await disableUser(app, actor, user, isDisabled)
    return c.json(view(await viewUser(app, actor, user)), 200)
  })
}

function view({ name, email, isOperator, createdAt, disabledAt }: CoreUser) {
  const isDisabled = disabledAt !== undefined
  return { name, email, isOperator, isDisabled, createdAt: time(createdAt) }
}
