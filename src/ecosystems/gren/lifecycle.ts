import type { Context } from 'hono'
import { z } from 'zod'
import { deprecateRelease } from '#core/releases/deprecate-release.ts'
import { type Dependent, listDependents } from '#core/releases/list-dependents.ts'
import { revokeReleases } from '#core/releases/revoke-releases.ts'
import { yankRelease } from '#core/releases/yank-release.ts'
import type { Env } from '#ecosystems/contract.ts'
import { sendJson } from './answers.ts'
import { updateGitSoon } from './git.ts'
import { isInRange, parseRange } from './range.ts'
import { readJson, reasonBody, refOf, sayingRevoked, versionOf } from './request.ts'
import { formatVersion } from './version.ts'

const messageBody = z.object({ message: z.string().nullable().optional() })

/** POST …/{version}/yank: nobody is told to use it any more; who has it in use can still get it. */
export async function yank(c: Context<Env>): Promise<Response> {
  const version = versionOf(c)
  const { reason } = await readJson(c, reasonBody)
  const change = { version, isYanked: true, ...(reason !== undefined && { reason }) }
  await sayingRevoked(yankRelease(c.var.app, c.var.actor, refOf(c), change))
  return sendJson({ version, yanked: true })
}

/** POST …/{version}/unyank. */
export async function unyank(c: Context<Env>): Promise<Response> {
  const version = versionOf(c)
  const change = { version, isYanked: false }
  await sayingRevoked(yankRelease(c.var.app, c.var.actor, refOf(c), change))
  return sendJson({ version, yanked: false })
}

/** POST …/{version}/deprecate, or …/deprecate for all of the package: no message takes it back. */
export async function deprecate(c: Context<Env>): Promise<Response> {
  const version = c.req.param('version') === undefined ? undefined : versionOf(c)
  const { message: raw } = await readJson(c, messageBody)
  const message = raw?.trim() || null
  const change = { message, ...(version !== undefined && { version }) }
  await sayingRevoked(deprecateRelease(c.var.app, c.var.actor, refOf(c), change))
  return sendJson({ ...(version !== undefined && { version }), deprecated: message })
}

/** DELETE …/{version}: its number stays taken, its content is gone. */
export async function revokeVersion(c: Context<Env>): Promise<Response> {
  return await revoke(c, versionOf(c))
}

/** DELETE …/{project}: all of its versions. */
export async function revokeAll(c: Context<Env>): Promise<Response> {
  return await revoke(c)
}

/** Who depends on what is gone is told, not asked: the client takes the lowest version of a range. */
async function revoke(c: Context<Env>, version?: string): Promise<Response> {
  const { app, actor } = c.var
  const { reason } = await readJson(c, reasonBody)
  const wanted = {
    ...(version !== undefined && { version }),
    ...(reason !== undefined && { reason }),
  }
  const { package: target, versions } = await sayingRevoked(
    revokeReleases(app, actor, refOf(c), wanted),
  )
  updateGitSoon(app, target)
  const dependents = await listDependents(app, actor, target)
  return sendJson({
    revoked: versions,
    dependents: dependents.flatMap((one) => dependentOn(one, versions)),
  })
}

/** A dependent as answers have it, if it may need one of these versions. */
function dependentOn({ path, version, requirement }: Dependent, versions: readonly string[]) {
  const range = parseRange(requirement)
  if (!range || !versions.some((one) => isInRange(one, range))) return []
  const breaks = versions.includes(formatVersion(range.lower))
  return [{ name: path, version, requires: requirement, breaks }]
}
