import type { Context } from 'hono'
import { z } from 'zod'
import { RegistryError } from '#core/errors.ts'
import { addOwner } from '#core/packages/owners/add-owner.ts'
import { removeOwner } from '#core/packages/owners/remove-owner.ts'
import type { Env } from '#ecosystems/contract.ts'
import { sendJson } from './answers.ts'
import { queryOf, readJson, refOf } from './request.ts'

const ownerBody = z.object({ user: z.string().min(1).max(128).optional() })

/** PUT …/owners?user=ann: lets a user publish in the package; the group's admins may. */
export async function writeOwner(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const user = await userOf(c)
  await addOwner(app, actor, refOf(c), { user, role: 'publisher', isLeast: true })
  return sendJson({})
}

/** DELETE …/owners?user=ann: the group's admins may, and everybody for themselves. */
export async function deleteOwner(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  await removeOwner(app, actor, refOf(c), await userOf(c))
  return sendJson({})
}

/** In the query, or as `user` of a JSON body. */
async function userOf(c: Context<Env>): Promise<string> {
  const user = queryOf(c, 'user') ?? (await readJson(c, ownerBody)).user
  if (user) return user
  throw new RegistryError('invalid_request', 'user is needed: whose ownership changes')
}
