import { createRoute, z } from '@hono/zod-openapi'
import { addOwner } from '#core/packages/owners/add-owner.ts'
import { listOwners } from '#core/packages/owners/list-owners.ts'
import { removeOwner } from '#core/packages/owners/remove-owner.ts'
import type { Api } from './env.ts'
import { packageRef } from './package-address.ts'
import { packageParams } from './packages.ts'
import { PageQuery, page, pageOf } from './paging.ts'
import { body, json, problems } from './responses.ts'
import { defined, RoleName, Time, time } from './schemas.ts'

const Owner = z
  .object({ user: z.string().openapi({ example: 'ann' }), role: RoleName, createdAt: Time })
  .openapi('Owner')

const OwnerRole = z.strictObject({ role: RoleName }).openapi('OwnerRole')

const ownerParams = packageParams.extend({ user: z.string().openapi({ example: 'ann' }) })
const tags = ['Packages']
const PATH = '/api/v1/packages/{ecosystem}/{path}/owners'
const failures = problems(
  'unauthenticated',
  'forbidden',
  'scope_missing',
  'name_invalid',
  'not_found',
  'package_unknown',
  'user_unknown',
  'conflict',
)

const list = createRoute({
  method: 'get',
  path: PATH,
  operationId: 'listOwners',
  tags,
  summary: 'Who has which role in a package alone, for those who have one',
  description: 'Members of its namespace have theirs besides.',
  request: { params: packageParams, query: PageQuery },
  responses: { 200: json(pageOf(Owner, 'OwnerPage'), 'Owners by name'), default: failures },
})

const put = createRoute({
  method: 'put',
  path: `${PATH}/{user}`,
  operationId: 'setOwner',
  tags,
  summary: 'Give a user a role in a package, whatever it was before, as an admin',
  request: { params: ownerParams, body: body(OwnerRole) },
  responses: { 204: { description: 'The user has that role' }, default: failures },
})

const remove = createRoute({
  method: 'delete',
  path: `${PATH}/{user}`,
  operationId: 'removeOwner',
  tags,
  summary: 'Take a user’s role in a package away: as an admin, or your own',
  request: { params: ownerParams },
  responses: { 204: { description: 'The user is no owner any more' }, default: failures },
})

/** `/packages/{ecosystem}/{path}/owners`. */
export function mountOwners(api: Api): void {
  api.openapi(list, async (c) => {
    const { app, actor, ecosystems } = c.var
    const { ecosystem, path } = c.req.valid('param')
    const ref = packageRef(ecosystems, ecosystem, path)
    const found = await listOwners(app, actor, ref, defined(c.req.valid('query')))
    return c.json(
      page(c, found, (owner) => ({ ...owner, createdAt: time(owner.createdAt) })),
      200,
    )
  })
  api.openapi(put, async (c) => {
    const { app, actor, ecosystems } = c.var
    const { ecosystem, path, user } = c.req.valid('param')
    const { role } = c.req.valid('json')
    await addOwner(app, actor, packageRef(ecosystems, ecosystem, path), { user, role })
    return c.body(null, 204)
  })
  api.openapi(remove, async (c) => {
    const { app, actor, ecosystems } = c.var
    const { ecosystem, path, user } = c.req.valid('param')
    await removeOwner(app, actor, packageRef(ecosystems, ecosystem, path), user)
    return c.body(null, 204)
  })
}
