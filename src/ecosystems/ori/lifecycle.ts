import type { Context } from 'hono'
import { z } from 'zod'
import { deprecateRelease } from '#core/releases/deprecate-release.ts'
import { removeRelease } from '#core/releases/remove-release.ts'
import { yankRelease } from '#core/releases/yank-release.ts'
import type { Env } from '#ecosystems/contract.ts'
import { sendJson } from './answers.ts'
import { readJson, refOf, versionOf } from './request.ts'

const reasonBody = z.object({ reason: z.string().optional() })
const messageBody = z.object({ message: z.string().nullable().optional() })
const removeBody = z.object({
  reason: z.string(),
  /** False when the reason is nobody else’s business: a name, a right, a secret. */
  advisory: z.boolean().default(true),
})

/** POST …/{version}/yank: hidden from new installs, still there for existing locks. */
export async function yank(c: Context<Env>): Promise<Response> {
  const version = versionOf(c)
  const { reason } = await readJson(c, reasonBody)
  const change = { version, isYanked: true, ...(reason !== undefined && { reason }) }
  await yankRelease(c.var.app, c.var.actor, refOf(c), change)
  return sendJson({ version, yanked: true })
}

/** POST …/{version}/unyank. */
export async function unyank(c: Context<Env>): Promise<Response> {
  const version = versionOf(c)
  await yankRelease(c.var.app, c.var.actor, refOf(c), { version, isYanked: false })
  return sendJson({ version, yanked: false })
}

/** POST …/{version}/deprecate: an empty message takes it back. */
export async function deprecate(c: Context<Env>): Promise<Response> {
  const version = versionOf(c)
  const { message: raw } = await readJson(c, messageBody)
  const message = raw?.trim() || null
  await deprecateRelease(c.var.app, c.var.actor, refOf(c), { version, message })
  return sendJson({ version, deprecated: message })
}

/** DELETE …/{version}: by the registry's staff, for good, with an advisory unless they say no. */
export async function remove(c: Context<Env>): Promise<Response> {
  const version = versionOf(c)
  const { reason, advisory: isAdvised } = await readJson(c, removeBody)
  const removed = await removeRelease(c.var.app, c.var.actor, refOf(c), {
    version,
    reason,
    isAdvised,
  })
  const { keptDigests, advisory = null } = removed
  return sendJson({ version, removed: true, kept_digests: keptDigests, advisory })
}
