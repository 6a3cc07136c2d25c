import type { Context } from 'hono'
import type { ErrorCode, RegistryError } from '#core/errors.ts'
import type { Env } from '#ecosystems/contract.ts'

const NEEDS_CREDENTIAL: ReadonlySet<ErrorCode> = new Set(['unauthenticated', 'credential_invalid'])

/**
 * Problem details (RFC 9457, once 7807), with the `error.code` beside them that the protocol's notes
 * on quotas have: a `reason` where the failure has a more telling one.
 */
export function renderError(error: RegistryError, c: Context<Env>): Response {
  const { status, title, code, message } = error
  const { reason, ...details } = error.details
  // Nobody is known yet when the credential itself was refused.
  const { actor } = c.var as Partial<Env['Variables']>
  const body = {
    type: 'about:blank',
    title,
    status,
    code,
    detail: message,
    ...(actor && { requestId: actor.requestId }),
    ...details,
    error: { code: typeof reason === 'string' ? reason : code, message },
  }
  const headers: Record<string, string> = {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
  }
  if (NEEDS_CREDENTIAL.has(code)) {
    headers['www-authenticate'] = 'Bearer realm="entrepot", Basic realm="entrepot"'
  }
  if (code === 'range_invalid') headers['content-range'] = `bytes */${details.size}`
  return new Response(JSON.stringify(body), { status, headers })
}
