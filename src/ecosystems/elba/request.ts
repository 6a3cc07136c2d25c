import type { Context } from 'hono'
import type { z } from 'zod'
import { RegistryError } from '#core/errors.ts'
import { getReadablePackage, type Package, type PackageRef } from '#core/packages/package.ts'
import { getVersion } from '#core/releases/versions.ts'
import type { Env } from '#ecosystems/contract.ts'
import { readBody } from '#ecosystems/read-body.ts'
import { packageRef } from './name.ts'
import { readVersion } from './version.ts'

const MAX_BODY_BYTES = 64 * 1024

/** Which package the path means, in any spelling. */
export function refOf(c: Context<Env>): PackageRef {
  return packageRef(`${c.req.param('group')}/${c.req.param('name')}`)
}

/** The version in the path, literally; what cannot be one is not there. */
export function versionOf(c: Context<Env>): string {
  const version = c.req.param('version') ?? ''
  if (readVersion(version)) return version
  throw new RegistryError('release_unknown', `not a version: ${version.slice(0, 100)}`)
}

/** The package in the path, if the caller may read it. */
export function readablePackage(c: Context<Env>): Promise<Package> {
  return getReadablePackage(c.var.app, c.var.actor, refOf(c))
}

/** The release in the path, if the caller may read its package. */
export async function readableRelease(c: Context<Env>) {
  const from = await readablePackage(c)
  return { from, release: await getVersion(c.var.app, from, versionOf(c)) }
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

/** A parameter of the query. */
export function queryOf(c: Context<Env>, name: string): string | null {
  return new URL(c.req.url).searchParams.get(name)
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw new RegistryError('invalid_request', 'the body is not JSON', { cause: error })
  }
}
