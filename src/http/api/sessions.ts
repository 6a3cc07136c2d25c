import { createRoute, z } from '@hono/zod-openapi'
import { authorizeUser } from '#core/access/can.ts'
import { listSessions } from '#core/accounts/sessions/list-sessions.ts'
import { revokeSession, signOut } from '#core/accounts/sessions/revoke-session.ts'
import type { Api } from './env.ts'
import { PageQuery, page, pageOf } from './paging.ts'
import { json, problems } from './responses.ts'
import { defined, Id } from './schemas.ts'
import { Session, sessionView } from './session-schema.ts'

const tags = ['Accounts']

const list = createRoute({
  method: 'get',
  path: '/api/v1/sessions',
  operationId: 'listSessions',
  tags,
  summary: 'Where you are signed in',
  description: 'A session ends 30 days after its last use, and 365 days after it began.',
  request: {
    query: PageQuery.extend({
      user: z.string().optional().openapi({ description: 'Whose, as an operator' }),
    }),
  },
  responses: {
    200: json(pageOf(Session, 'SessionPage'), 'Sessions by id, without their secrets'),
    default: problems('unauthenticated', 'forbidden', 'scope_missing', 'user_unknown'),
  },
})

const revoke = createRoute({
  method: 'delete',
  path: '/api/v1/sessions/{id}',
  operationId: 'revokeSession',
  tags,
  summary: 'End a session at once, everywhere',
  request: { params: z.object({ id: Id }) },
  responses: {
    204: { description: 'It is good for nothing any more' },
    default: problems('unauthenticated', 'forbidden', 'scope_missing', 'session_unknown'),
  },
})

const leave = createRoute({
  method: 'delete',
  path: '/api/v1/session',
  operationId: 'signOut',
  tags,
  summary: 'Sign out: end the session that is shown',
  responses: {
    204: { description: 'It is good for nothing any more' },
    default: problems('unauthenticated', 'forbidden'),
  },
})

/** `/sessions` and `/session`. */
export function mountSessions(api: Api): void {
  api.openapi(list, async (c) => {
    const { app, actor } = c.var
    const { user, ...request } = c.req.valid('query')
    if (user === undefined) authorizeUser(actor, 'admin')
    const name = user ?? actor.name.slice('user:'.length)
    const found = await listSessions(app, actor, name, defined(request))
    const current = Number(actor.credential.slice('token:'.length))
    return c.json(
      page(c, found, (session) => sessionView(session, current)),
      200,
    )
  })
  api.openapi(revoke, async (c) => {
    await revokeSession(c.var.app, c.var.actor, c.req.valid('param').id)
    return c.body(null, 204)
  })
  api.openapi(leave, async (c) => {
    await signOut(c.var.app, c.var.actor)
    return c.body(null, 204)
  })
}
