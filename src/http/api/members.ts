import { createRoute, z } from '@hono/zod-openapi'
import { addMember } from '#core/namespaces/members/add-member.ts'
import { listMembers } from '#core/namespaces/members/list-members.ts'
import { removeMember } from '#core/namespaces/members/remove-member.ts'
import type { Api } from './env.ts'
import { PageQuery, page, pageOf } from './paging.ts'
import { body, json, problems } from './responses.ts'
import { defined, RoleName, Time, time } from './schemas.ts'

const Member = z
  .object({
    user: z.string().openapi({ example: 'ann' }),
    email: z.string().optional().openapi({
      description:
        'There for admins who made the user a member by it, for the user, and for operators',
    }),
    role: RoleName,
    createdAt: Time,
  })
  .openapi('Member')

const MemberRole = z.strictObject({ role: RoleName }).openapi('MemberRole')

const params = z.object({ namespace: z.string().openapi({ example: 'acme' }) })
const memberParams = params.extend({ user: z.string().openapi({ example: 'ann' }) })
const tags = ['Namespaces']

const list = createRoute({
  method: 'get',
  path: '/api/v1/namespaces/{namespace}/members',
  operationId: 'listMembers',
  tags,
  summary: 'Who has which role, for those who have one',
  request: { params, query: PageQuery },
  responses: {
    200: json(pageOf(Member, 'MemberPage'), 'Members by name'),
    default: problems('unauthenticated', 'forbidden', 'scope_missing', 'namespace_unknown'),
  },
})

const put = createRoute({
  method: 'put',
  path: '/api/v1/namespaces/{namespace}/members/{user}',
  operationId: 'setMember',
  tags,
  summary: 'Give a user a role, whatever it was before, as an admin',
  request: { params: memberParams, body: body(MemberRole) },
  responses: {
    204: { description: 'The user has that role' },
    default: problems(
      'unauthenticated',
      'forbidden',
      'scope_missing',
      'namespace_unknown',
      'user_unknown',
      'last_admin',
      'namespace_terminating',
    ),
  },
})

const remove = createRoute({
  method: 'delete',
  path: '/api/v1/namespaces/{namespace}/members/{user}',
  operationId: 'removeMember',
  tags,
  summary: 'Take a user’s role away: as an admin, or your own',
  request: { params: memberParams },
  responses: {
    204: { description: 'The user is no member any more' },
    default: problems(
      'unauthenticated',
      'forbidden',
      'scope_missing',
      'namespace_unknown',
      'not_found',
      'last_admin',
      'namespace_terminating',
    ),
  },
})

/** `/namespaces/{namespace}/members`. */
export function mountMembers(api: Api): void {
  api.openapi(list, async (c) => {
    const { namespace } = c.req.valid('param')
    const request = defined(c.req.valid('query'))
    const found = await listMembers(c.var.app, c.var.actor, namespace, request)
    return c.json(
      page(c, found, (member) => ({ ...member, createdAt: time(member.createdAt) })),
      200,
    )
  })
  api.openapi(put, async (c) => {
    const { namespace, user } = c.req.valid('param')
    const { role } = c.req.valid('json')
    await addMember(c.var.app, c.var.actor, namespace, { user, role })
    return c.body(null, 204)
  })
  api.openapi(remove, async (c) => {
    const { namespace, user } = c.req.valid('param')
    await removeMember(c.var.app, c.var.actor, namespace, user)
    return c.body(null, 204)
  })
}
