import type { Context } from 'hono'
import type { ErrorCode, RegistryError } from '#core/errors.ts'
import type { Env } from '#ecosystems/contract.ts'
import { COMMON_HEADERS } from './request.ts'
import { formatScope } from './scope.ts'

/** The protocol's closed list of codes, for those of ours that have one (spec, "Error Codes"). */
const CODES: Partial<Record<ErrorCode, string>> = {
  name_invalid: 'NAME_INVALID',
  digest_invalid: 'DIGEST_INVALID',
  size_invalid: 'SIZE_INVALID',
  manifest_invalid: 'MANIFEST_INVALID',
  unauthenticated: 'UNAUTHORIZED',
  credential_invalid: 'UNAUTHORIZED',
  scope_missing: 'UNAUTHORIZED',
  forbidden: 'DENIED',
  quota_exceeded: 'DENIED',
  tag_immutable: 'DENIED',
  in_use: 'DENIED',
  namespace_terminating: 'DENIED',
  namespace_unknown: 'NAME_UNKNOWN',
  package_unknown: 'NAME_UNKNOWN',
  release_unknown: 'MANIFEST_UNKNOWN',
  tag_unknown: 'MANIFEST_UNKNOWN',
  blob_unknown: 'BLOB_UNKNOWN',
  gone: 'MANIFEST_UNKNOWN',
  conflict: 'DENIED',
  upload_unknown: 'BLOB_UPLOAD_UNKNOWN',
  manifest_blob_unknown: 'MANIFEST_BLOB_UNKNOWN',
  too_large: 'SIZE_INVALID',
  rate_limited: 'TOOMANYREQUESTS',
}

/** Failures that mean: come back with a (better) credential. */
const CHALLENGED: ReadonlySet<ErrorCode> = new Set([
  'unauthenticated',
  'credential_invalid',
  'scope_missing',
])

/** The wire form: a list with one error; `detail` is a string, as some clients insist. */
export function renderError(error: RegistryError, c: Context<Env>): Response {
  const isUpload = /\/blobs\/uploads\//.test(c.req.path)
  let code =
    CODES[error.code] ??
    (error.code === 'range_invalid' && isUpload ? 'BLOB_UPLOAD_INVALID' : 'UNSUPPORTED')
  const detail = Object.keys(error.details).length > 0 ? JSON.stringify(error.details) : error.code
  const headers: Record<string, string> = {
    ...COMMON_HEADERS,
    'content-type': 'application/json',
    'cache-control': 'no-store',
  }
  const isChallenge = CHALLENGED.has(error.code) || mayBePrivate(error, c)
  if (isChallenge) headers['www-authenticate'] = challenge(error, c)
  if (error.code === 'range_invalid' && isUpload) {
    const offset = Number(error.details.offset ?? 0)
    headers.range = `0-${Math.max(0, offset - 1)}`
    headers.location = new URL(c.req.url).pathname
  } else if (error.code === 'range_invalid') {
    headers['content-range'] = `bytes */${error.details.size}`
  }
  // What was removed for good is as unknown as what never was: the protocol has no 410.
  const known = error.code === 'gone' ? 404 : error.status
  const status = isChallenge ? 401 : known
  if (isChallenge) code = 'UNAUTHORIZED'
  return new Response(JSON.stringify({ errors: [{ code, message: error.message, detail }] }), {
    status,
    headers,
  })
}

/** Who showed nothing is asked to log in: clients take 404 for final, and the name may be private. */
function mayBePrivate(error: RegistryError, c: Context<Env>): boolean {
  return error.code === 'package_unknown' && !c.req.header('authorization')
}

/** Where to get a token and what to ask for (distribution, "token flow" §1). */
function challenge(error: RegistryError, c: Context<Env>): string {
  const { publicUrl } = c.var.app.settings
  // What the client asked for is what it must reach: behind a proxy, the configured address.
  const parts = [`realm="${publicUrl}/token"`, `service="${new URL(publicUrl).host}"`]
  const name = /^\/v2\/(.+?)\/(?:blobs|manifests|tags|referrers)(?:\/|$)/.exec(c.req.path)?.[1]
  if (name !== undefined && /^[a-z0-9._/-]+$/.test(name)) {
    parts.push(`scope="${formatScope(name, actionsOf(c.req.method))}"`)
  } else if (c.req.path === '/v2/_catalog') {
    parts.push('scope="registry:catalog:*"')
  }
  if (error.code === 'credential_invalid') parts.push('error="invalid_token"')
  if (error.code === 'scope_missing') parts.push('error="insufficient_scope"')
  return `Bearer ${parts.join(',')}`
}

function actionsOf(method: string): string[] {
  if (method === 'DELETE') return ['delete']
  return method === 'GET' || method === 'HEAD' ? ['pull'] : ['pull', 'push']
}
