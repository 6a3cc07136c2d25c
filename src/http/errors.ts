import type { App } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import { pathOf } from './request-context.ts'

/** Who failed, for the log. */
interface Failure {
  readonly requestId: string
  readonly request: Request
}

/** What is thrown on purpose passes; anything else is logged once and becomes a plain `internal`. */
export function asRegistryError(app: App, error: unknown, failure: Failure): RegistryError {
  if (error instanceof RegistryError) {
    // That something is not available just now was said on purpose: the access log has it.
    const isExpected = error.code === 'unavailable' && error.cause === undefined
    if (error.status >= 500 && !isExpected) log(app, error, failure)
    return error
  }
  if (app.database.dialect.isUnreachable(error)) {
    log(app, error, failure)
    return new RegistryError('unavailable', 'the database does not answer', {
      retryAfterSeconds: 2,
    })
  }
  log(app, error, failure)
  return new RegistryError(
    'internal',
    `internal error; the log knows more under ${failure.requestId}`,
  )
}

/** A failure as RFC 9457 problem details with a stable `code`. */
export function problemResponse(error: RegistryError, requestId: string): Response {
  const { code, status, title, message, details, retryAfterSeconds } = error
  const body = { type: 'about:blank', title, status, code, detail: message, requestId, ...details }
  const headers: Record<string, string> = {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
  }
  if (code === 'unauthenticated' || code === 'credential_invalid') {
    headers['www-authenticate'] = 'Bearer realm="entrepot"'
  }
  if (retryAfterSeconds !== undefined) headers['retry-after'] = String(retryAfterSeconds)
  if (typeof details.allow === 'string') headers.allow = details.allow
  return new Response(JSON.stringify(body), { status, headers })
}

function log(app: App, error: unknown, { requestId, request }: Failure): void {
  app.log.error(
    { err: error, requestId, method: request.method, path: pathOf(request.url) },
    'request failed',
  )
}
