import { randomBytes } from 'node:crypto'
import type { RegistryError } from '#core/errors.ts'
import type { RateResult } from '#core/limits/limit.ts'

/** What is found out on the way, for the answer's headers and the log. */
interface RequestNotes {
  /** Where the caller stands, if the request was counted. */
  rate?: RateResult
  /** As audit lines name it. */
  actorName?: string
}

/** What the server knows of a request before anybody looked at it; Hono's `env`. */
export interface RequestContext {
  readonly requestId: string
  /** The client's network address, behind trusted proxies the forwarded one. */
  readonly address: string
  readonly notes: RequestNotes
  /** Set when the request must not be handled: whoever would answer renders this instead. */
  readonly refusal?: RegistryError
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

/** A request's path as it was sent, without secrets of ours and without query: that may hold others'. */
export function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('//') + 2)
  if (start === -1) return '/'
  const end = url.slice(start).search(/[?#]/)
  const path = end === -1 ? url.slice(start) : url.slice(start, start + end)
  return path.replace(/ent_[0-9A-Za-z]{20,}/g, 'ent_***')
}
