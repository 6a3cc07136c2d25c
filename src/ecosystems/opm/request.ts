import type { Context } from 'hono'
import { z } from 'zod'
import { RegistryError } from '#core/errors.ts'
import type { LabelFilter } from '#core/namespaces/labels.ts'
import { MAX_PAGE_LIMIT } from '#core/page.ts'
import type { Env } from '#ecosystems/contract.ts'
import { readBody } from '#ecosystems/read-body.ts'
import { checkContentType, type Kind } from './media-types.ts'

const MAX_BODY_BYTES = 256 * 1024
const DEFAULT_PAGE_LIMIT = 50

/** A map of labels in a body; core judges keys and sizes. */
export const labels = z.record(z.string(), z.string())

/** Both maps, either of which may be left out. */
export const labelPair = z.strictObject({
  consumer: labels.optional(),
  provider: labels.optional(),
})

/** A count; upstream allows 2^64, JavaScript counts to 2^53-1, which nobody reaches. */
export const count = z
  .number()
  .refine((value) => Number.isInteger(value) && value >= 0, 'a whole number from 0')
  .transform((value) => Math.min(value, Number.MAX_SAFE_INTEGER))

/** The body of a PUT, checked; no body at all is an empty document unless one is required. */
export async function readDocument<T>(
  c: Context<Env>,
  kind: Kind,
  schema: z.ZodType<T>,
  isRequired = false,
): Promise<T> {
  const bytes = await readBody(c.req.raw, MAX_BODY_BYTES)
  if (bytes.byteLength === 0 && isRequired) {
    throw new RegistryError('invalid_request', 'a JSON document is needed; {} will do')
  }
  if (bytes.byteLength > 0) checkContentType(c.req.header('content-type'), kind)
  const parsed = schema.safeParse(bytes.byteLength === 0 ? {} : parseJson(bytes))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const place = issue?.path.join('.') || 'the document'
  throw new RegistryError('invalid_request', `${place}: ${issue?.message ?? 'is not valid'}`)
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw new RegistryError('invalid_request', 'the body is not JSON', { cause: error })
  }
}

/** Which page of a list, and what its items must be labelled with. */
export interface ListRequest {
  readonly limit: number
  readonly after?: string
  readonly labels: readonly LabelFilter[]
}

/** Reads `perPage`, `after` and any number of `label=key` and `label=key=value`. */
export function listRequest(c: Context<Env>): ListRequest {
  const query = new URL(c.req.url).searchParams
  const raw = query.get('perPage')
  if (raw !== null && !/^0*[1-9]\d{0,8}$/.test(raw)) {
    throw new RegistryError('invalid_request', 'perPage must be a whole number from 1')
  }
  const after = query.get('after')
  return {
    limit: Math.min(raw === null ? DEFAULT_PAGE_LIMIT : Number(raw), MAX_PAGE_LIMIT),
    ...(after !== null && { after: checkCursor(after) }),
    labels: query.getAll('label').map(labelFilter),
  }
}

function labelFilter(raw: string): LabelFilter {
  const [key = '', ...value] = raw.split('=')
  if (key === '') throw new RegistryError('invalid_request', 'label is key or key=value')
  return value.length === 0 ? { key } : { key, value: value.join('=') }
}

function checkCursor(after: string): string {
  if (isText(after)) return after
  throw new RegistryError('invalid_request', 'after must be the end of an earlier page')
}

/** A database may choke on what is no text (PostgreSQL on NUL). */
function isText(raw: string): boolean {
  return raw.length <= 512 && raw.isWellFormed() && !/\p{Cc}/u.test(raw)
}

/** A part of the path as its route names it; throws `name_invalid` for what is no text. */
export function param(c: Context<Env>, name: string): string {
  const raw = c.req.param(name) ?? ''
  if (isText(raw)) return raw
  throw new RegistryError('name_invalid', `not a ${name}`)
}
