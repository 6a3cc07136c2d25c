import type { Context } from 'hono'
import { z } from 'zod'
import { addOwner } from '#core/packages/owners/add-owner.ts'
import { listOwners } from '#core/packages/owners/list-owners.ts'
import { removeOwner } from '#core/packages/owners/remove-owner.ts'
import type { Env } from '#ecosystems/contract.ts'
import { sendJson, time } from './answers.ts'
import { nameText, readJson, refOf } from './request.ts'

const ROLES = ['reader', 'publisher', 'admin'] as const
const MAX_OWNERS = 1000
const ownerBody = z.object({ user: nameText, role: z.enum(ROLES).default('publisher') })

/** GET …/owners: who has a role in this package besides the members of its scope. */
export async function readOwners(c: Context<Env>): Promise<Response> {
  const { items } = await listOwners(c.var.app, c.var.actor, refOf(c), { limit: MAX_OWNERS })
  const owners = items.map(({ user, role, createdAt }) => ({ user, role, since: time(createdAt) }))
  return sendJson({ owners })
}

/** POST …/owners. */
export async function writeOwner(c: Context<Env>): Promise<Response> {
  const owner = await readJson(c, ownerBody)
  await addOwner(c.var.app, c.var.actor, refOf(c), owner)
  return sendJson(owner)
}

/** DELETE …/owners/{user}. */
export async function deleteOwner(c: Context<Env>): Promise<Response> {
  const user = c.req.param('user') ?? ''
  await removeOwner(c.var.app, c.var.actor, refOf(c), user)
  return sendJson({ user, removed: true })
}
