import type { Context } from 'hono'
import type { ErrorCode, RegistryError } from '#core/errors.ts'
import type { Env } from '#ecosystems/contract.ts'

const NEEDS_CREDENTIAL: ReadonlySet<ErrorCode> = new Set(['unauthenticated', 'credential_invalid'])

/** The wire form: `{"message"}`, and `problems` where there is a list of them. */
export function renderError(error: RegistryError, _c: Context<Env>): Response {
  const { code, message, details, status } = error
  const { problems } = details
  const body = { message, ...(Array.isArray(problems) && { problems }) }
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'cache-control': 'no-store',
  }
  if (NEEDS_CREDENTIAL.has(code)) headers['www-authenticate'] = 'Bearer realm="gren"'
  if (code === 'scope_missing' && typeof details.scope === 'string') {
    headers['www-authenticate'] =
      `Bearer realm="gren", error="insufficient_scope", scope="${details.scope}"`
  }
  if (code === 'range_invalid') headers['content-range'] = `bytes */${details.size}`
  return new Response(JSON.stringify(body), { status, headers })
}
