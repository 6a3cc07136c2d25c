import type { Context } from 'hono'
import type { ErrorCode, RegistryError } from '#core/errors.ts'
import type { Env } from '#ecosystems/contract.ts'
import { cookieOf, endSession, statedCredential } from './credential.ts'

/** The reference registry's tags; what it has none for is called as everywhere else here. */
const TAGS: Readonly<Partial<Record<ErrorCode, string>>> = {
  name_invalid: 'invalid_request',
  digest_invalid: 'invalid_format',
  size_invalid: 'invalid_format',
  unprocessable: 'invalid_format',
  too_large: 'invalid_format',
  unsupported_media_type: 'invalid_format',
  manifest_invalid: 'invalid_manifest',
  // An unknown token was a user that is not found.
  credential_invalid: 'user_not_found',
  unauthenticated: 'no_permission',
  forbidden: 'no_permission',
  scope_missing: 'no_permission',
  quota_exceeded: 'no_permission',
  conflict: 'no_permission',
  name_taken: 'no_permission',
  namespace_terminating: 'no_permission',
  last_admin: 'no_permission',
  user_unknown: 'user_not_found',
  token_unknown: 'token_not_found',
  session_unknown: 'token_not_found',
  namespace_unknown: 'package_not_found',
  package_unknown: 'package_not_found',
  release_unknown: 'package_not_found',
  gone: 'package_not_found',
}

const NEEDS_CREDENTIAL: ReadonlySet<ErrorCode> = new Set(['unauthenticated', 'credential_invalid'])

/** The wire form: `{"error":"<tag>","description":"<text>"}`. */
export function renderError(error: RegistryError, c: Context<Env>): Response {
  const { code, message, details } = error
  const { tag } = details
  const body = {
    error: typeof tag === 'string' ? tag : (TAGS[code] ?? code),
    description: message,
  }
  const headers = new Headers({ 'content-type': 'application/json', 'cache-control': 'no-store' })
  if (NEEDS_CREDENTIAL.has(code)) headers.set('www-authenticate', 'Bearer realm="elba"')
  if (code === 'range_invalid') headers.set('content-range', `bytes */${details.size}`)
  // A session that is over must not keep its browser from signing in again.
  const isOver = code === 'credential_invalid' && isBySession(c.req.raw)
  if (isOver) endSession(c, headers)
  // A bad archive was a bad request.
  const status = code === 'unprocessable' ? 400 : error.status
  return new Response(JSON.stringify(body), { status, headers })
}

function isBySession(request: Request): boolean {
  if (cookieOf(request) === undefined) return false
  try {
    return statedCredential(request) === undefined
  } catch {
    return false
  }
}
