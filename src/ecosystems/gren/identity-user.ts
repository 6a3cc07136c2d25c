import type { Context } from 'hono'
import { z } from 'zod'
import { RegistryError } from '#core/errors.ts'
import { findMemberByEmail } from '#core/namespaces/members/find-member-by-email.ts'
import { inviteMember } from '#core/namespaces/members/invite-member.ts'
import { removeMember } from '#core/namespaces/members/remove-member.ts'
import { withdrawInvitation } from '#core/namespaces/members/withdraw-invitation.ts'
import type { Env } from '#ecosystems/contract.ts'
import { readBody } from '#ecosystems/read-body.ts'
import { GREN_ROLES, ROLES } from './roles.ts'

const MAX_BODY_BYTES = 64 * 1024
const roleBody = z.object({ role: z.enum(['download', 'publish', 'admin']) })

/** GET /publishing-identity/{id}/users/{email}: for admins, and for oneself. */
export async function readIdentityUser(c: Context<Env>): Promise<Response> {
  const { email, role, user } = await getUser(c)
  const status = user === undefined ? 'pending' : 'active'
  return c.json({ email, ...(user !== undefined && { user }), role: GREN_ROLES[role], status })
}

/** PUT /publishing-identity/{id}/users/{email} `{"role"}`: whatever it was before; for admins. */
export async function writeIdentityUser(c: Context<Env>): Promise<Response> {
  const { identity, email } = paramsOf(c)
  const { role } = await readRole(c)
  const state = await inviteMember(c.var.app, c.var.actor, identity, { email, role: ROLES[role] })
  return c.json({ email, role, status: state === 'member' ? 'active' : 'pending' })
}

/** DELETE /publishing-identity/{id}/users/{email}: a member or an invitation; for admins, and for oneself. */
export async function deleteIdentityUser(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const { identity } = paramsOf(c)
  const { email, user } = await getUser(c)
  if (user === undefined) await withdrawInvitation(app, actor, identity, email)
  else await removeMember(app, actor, identity, user)
  return c.json({ email, removed: true })
}

async function getUser(c: Context<Env>) {
  const { identity, email } = paramsOf(c)
  const found = await findMemberByEmail(c.var.app, c.var.actor, identity, email)
  if (found) return found
  throw new RegistryError('not_found', `${email.slice(0, 254)} is no user of ${identity}`)
}

async function readRole(c: Context<Env>): Promise<z.infer<typeof roleBody>> {
  const bytes = await readBody(c.req.raw, MAX_BODY_BYTES)
  const role = roleBody.safeParse(parseJson(bytes)).data
  if (role) return role
  throw new RegistryError(
    'invalid_request',
    'the body must be {"role": …} with download, publish or admin',
  )
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}

function paramsOf(c: Context<Env>): { identity: string; email: string } {
  return { identity: c.req.param('id') ?? '', email: c.req.param('email') ?? '' }
}
