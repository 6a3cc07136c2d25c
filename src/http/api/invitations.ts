import { createRoute, z } from '@hono/zod-openapi'
import { inviteMember } from '#core/namespaces/members/invite-member.ts'
import { listInvitations } from '#core/namespaces/members/list-invitations.ts'
import { withdrawInvitation } from '#core/namespaces/members/withdraw-invitation.ts'
import type { Api } from './env.ts'
import { PageQuery, page, pageOf } from './paging.ts'
import { body, json, problems } from './responses.ts'
import { defined, RoleName, Time, time } from './schemas.ts'

const Email = z.string().openapi({ example: 'bob@example.org' })

const Invitation = z
  .object({
    email: Email,
    role: RoleName,
    invitedBy: z.string().openapi({ example: 'user:ann' }),
    createdAt: Time,
    expiresAt: Time,
  })
  .openapi('Invitation')

const InvitationRole = z.strictObject({ role: RoleName }).openapi('InvitationRole')

const params = z.object({ namespace: z.string().openapi({ example: 'acme' }) })
const emailParams = params.extend({ email: Email })
const tags = ['Namespaces']
const PATH = '/api/v1/namespaces/{namespace}/invitations'

const list = createRoute({
  method: 'get',
  path: PATH,
  operationId: 'listInvitations',
  tags,
  summary: 'Who was invited and did not sign in yet, as an admin',
  request: { params, query: PageQuery },
  responses: {
    200: json(pageOf(Invitation, 'InvitationPage'), 'Invitations by address'),
    default: problems('unauthenticated', 'forbidden', 'scope_missing', 'namespace_unknown'),
  },
})

const put = createRoute({
  method: 'put',
  path: `${PATH}/{email}`,
  operationId: 'setInvitation',
  tags,
  summary: 'Give whoever has an e-mail address a role, whatever it was before, as an admin',
  description:
    'An address of an account makes that user a member at once. Any other gets a mail, and the role when it signs in within 30 days.',
  request: { params: emailParams, body: body(InvitationRole) },
  responses: {
    204: { description: 'The address has that role, or will have it' },
    default: problems(
      'unauthenticated',
      'forbidden',
      'scope_missing',
      'namespace_unknown',
      'conflict',
      'last_admin',
      'namespace_terminating',
    ),
  },
})

const remove = createRoute({
  method: 'delete',
  path: `${PATH}/{email}`,
  operationId: 'removeInvitation',
  tags,
  summary: 'Take an invitation back that waits, as an admin',
  request: { params: emailParams },
  responses: {
    204: { description: 'The address is not invited any more' },
    default: problems(
      'unauthenticated',
      'forbidden',
      'scope_missing',
      'namespace_unknown',
      'not_found',
      'namespace_terminating',
    ),
  },
})

/** `/namespaces/{namespace}/invitations`. */
export function mountInvitations(api: Api): void {
  api.openapi(list, async (c) => {
    const { namespace } = c.req.valid('param')
    const request = defined(c.req.valid('query'))
    const found = await listInvitations(c.var.app, c.var.actor, namespace, request)
    return c.json(
      page(c, found, ({ createdAt, expiresAt, ...rest }) => ({
        ...rest,
        createdAt: time(createdAt),
        expiresAt: time(expiresAt),
      })),
      200,
    )
  })
  api.openapi(put, async (c) => {
    const { namespace, email } = c.req.valid('param')
    const { role } = c.req.valid('json')
    await inviteMember(c.var.app, c.var.actor, namespace, { email, role })
    return c.body(null, 204)
  })
  api.openapi(remove, async (c) => {
    const { namespace, email } = c.req.valid('param')
    await withdrawInvitation(c.var.app, c.var.actor, namespace, email)
    return c.body(null, 204)
  })
}
