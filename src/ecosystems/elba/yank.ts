import type { Context } from 'hono'
import { RegistryError } from '#core/errors.ts'
import { yankRelease } from '#core/releases/yank-release.ts'
import type { Env } from '#ecosystems/contract.ts'
import { sendJson } from './answers.ts'
import { queryOf, refOf, versionOf } from './request.ts'

/** PATCH …/{version}/yank?yanked=true|false: no new use of it, or that taken back. */
export async function yank(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const yanked = queryOf(c, 'yanked')
  if (yanked !== 'true' && yanked !== 'false') {
    throw new RegistryError('invalid_request', 'yanked is needed: true or false')
  }
  const change = { version: versionOf(c), isYanked: yanked === 'true', mustChange: true }
  await yankRelease(app, actor, refOf(c), change)
  return sendJson({})
}
