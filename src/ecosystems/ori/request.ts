import type { Context } from 'hono'
import { z } from 'zod'
import { RegistryError } from '#core/errors.ts'
import type { PackageRef } from '#core/packages/package.ts'
import type { Env } from '#ecosystems/contract.ts'
import { readBody } from '#ecosystems/read-body.ts'
import { packageRef } from './name.ts'
import { isVersion } from './version.ts'

const MAX_BODY_BYTES = 64 * 1024

/** Which package the path means; the scope may have its `@`. */
export function refOf(c: Context<Env>): PackageRef {
  return packageRef(`${c.req.param('scope')}/${c.req.param('name')}`)
}

/** The version in the path; what cannot be one is not there. */
export function versionOf(c: Context<Env>): string {
  const version = c.req.param('version') ?? ''
  if (isVersion(version)) return version
  throw new RegistryError('release_unknown', `not a version: ${version.slice(0, 100)}`)
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

/** A user or namespace as bodies name it. */
export const nameText = z.string().min(1).max(128)

/** A whole number from 1 in the query. */
export function countOf(query: URLSearchParams, name: string, missing: number): number {
  const raw = query.get(name)
  if (raw === null) return missing
  if (/^[1-9]\d{0,5}$/.test(raw)) return Number(raw)
  throw new RegistryError('invalid_request', `${name} must be a whole number from 1`)
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw new RegistryError('invalid_request', 'the body is not JSON', { cause: error })
  }
}
