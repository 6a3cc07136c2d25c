import type { Context } from 'hono'
import { z } from 'zod'
import { RegistryError } from '#core/errors.ts'
import { getReadablePackage, type Package, type PackageRef } from '#core/packages/package.ts'
import type { Env } from '#ecosystems/contract.ts'
import { readBody } from '#ecosystems/read-body.ts'
import { packageRef } from './name.ts'
import { isVersion } from './version.ts'

const MAX_BODY_BYTES = 64 * 1024

/** Which package the path means. */
export function refOf(c: Context<Env>): PackageRef {
  return packageRef(`${c.req.param('author')}/${c.req.param('project')}`)
}

/** The package that the path means, if the caller may read it. */
export function readablePackage(c: Context<Env>): Promise<Package> {
  return getReadablePackage(c.var.app, c.var.actor, refOf(c))
}

/** The version in the path; what cannot be one is not there. */
export function versionOf(c: Context<Env>): string {
  const version = c.req.param('version') ?? ''
  if (isVersion(version)) return version
  throw new RegistryError('release_unknown', `not a version: ${version.slice(0, 100)}`)
}

/** The protocol's word for what is gone, where core has a longer one. */
export async function sayingRevoked<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof RegistryError) || error.code !== 'gone') throw error
    throw new RegistryError('gone', 'revoked', { cause: error })
  }
}

/** The JSON body, checked; no body at all is an empty document. */
export async function readJson<T>(c: Context<Env>, schema: z.ZodType<T>): Promise<T> {
  const bytes = await readBody(c.req.raw, MAX_BODY_BYTES)
  const parsed = schema.safeParse(bytes.byteLength === 0 ? {} : parseJson(bytes))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const place = issue?.path.join('.') || 'the body'
  throw new RegistryError('invalid_request', `${place}: ${issue?.message ?? 'is not valid'}`)
}

/** A body with perhaps a reason. */
export const reasonBody = z.object({ reason: z.string().optional() })

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw new RegistryError('invalid_request', 'the body is not JSON', { cause: error })
  }
}
