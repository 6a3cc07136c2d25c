import { randomBytes } from 'node:crypto'

/** What the server knows of a request before anybody looked at it; Hono's `env`. */
export interface RequestContext {
  readonly requestId: string
  /** The client's network address, behind trusted proxies the forwarded one. */
  readonly address: string
}

/** What Hono's context carries outside ecosystems. */
export interface Bindings {
  Bindings: RequestContext
}

/** A new request id, unless the client sent a harmless one of its own. */
export function requestIdOf(request: Request): string {
  const sent = request.headers.get('x-request-id')
  if (sent !== null && /^[A-Za-z0-9_.:-]{8,64}$/.test(sent)) return sent
  return randomBytes(9).toString('base64url')
}
