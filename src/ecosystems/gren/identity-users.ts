import type { Context } from 'hono'
import { can } from '#core/access/can.ts'
import { getNamespace } from '#core/namespaces/find-namespace.ts'
import { listInvitations } from '#core/namespaces/members/list-invitations.ts'
import { listMembers } from '#core/namespaces/members/list-members.ts'
import type { Page, PageRequest } from '#core/page.ts'
import type { Env } from '#ecosystems/contract.ts'
import { GREN_ROLES } from './roles.ts'

const PER_PAGE = 1000

/**
 * GET /publishing-identity/{id}/users: for its members. Who was invited and did not sign in yet
 * ('pending') is for its admins, and so are addresses: those by which members were made members.
 */
export async function readIdentityUsers(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const { id, name } = await getNamespace(app.database.db, c.req.param('id') ?? '')
  const members = await everyPage((page) => listMembers(app, actor, name, page))
  const invitations = can(actor, 'manage', { namespaceId: id })
    ? await everyPage((page) => listInvitations(app, actor, name, page))
    : []
  const active = members.map(({ user, email, role }) => ({
    user,
    ...(email !== undefined && { email }),
    role: GREN_ROLES[role],
    status: 'active',
  }))
  const pending = invitations.map(({ email, role, expiresAt }) => ({
    email,
    role: GREN_ROLES[role],
    status: 'pending',
    expiresAt: new Date(expiresAt).toISOString(),
  }))
  return c.json({ users: [...active, ...pending] })
}

async function everyPage<T>(list: (page: PageRequest) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = []
  let page: PageRequest = { limit: PER_PAGE }
  for (;;) {
    const { items: more, next } = await list(page)
    items.push(...more)
    if (next === undefined) return items
    page = { limit: PER_PAGE, after: next }
  }
}
