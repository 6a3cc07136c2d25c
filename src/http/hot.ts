import type { Identity } from '#core/access/actor.ts'
import { type App, now } from '#core/app.ts'
import type { Epoch } from '#core/cache/read-cache.ts'
import { type HotAnswer, hotResponse } from '#ecosystems/hot-answer.ts'

interface KeptAnswer {
  readonly answer: HotAnswer
  readonly epoch: Epoch
  readonly actor: Identity
}

/** What of an identity a hit needs. */
interface KnownCredential {
  readonly grants: Identity['grants']
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/**
 * The answer from memory, without a query: for GET and HEAD of public content, by anybody or by a
 * credential that was good when last seen. Nothing sends the request the long way.
 */
export function findHot(app: App, request: Request): Response | undefined {
  const { method } = request
  if (method !== 'GET' && method !== 'HEAD') return undefined
  app.cache.begin()
  const answer = app.cache.get(`hot ${keyOf(request.url)}`) as HotAnswer | undefined
  if (answer === undefined || request.headers.get('range') !== null) return undefined
  const authorization = request.headers.get('authorization')
  if (authorization !== null && !isKnown(app, authorization, answer)) return undefined
  return hotResponse(answer, request)
}

/** Keeps an answer for the next one who asks, and that the credential shown for it is good. */
export function keepHot(app: App, request: Request, { answer, epoch, actor }: KeptAnswer): void {
  const { body } = answer
  const bytes = 500 + (body instanceof Uint8Array ? body.byteLength : body.path.length * 2)
  app.cache.set(`hot ${keyOf(request.url)}`, answer, answer.topics, { epoch, bytes })
  const authorization = request.headers.get('authorization')
  if (authorization === null) return
  const known: KnownCredential = {
    grants: actor.grants,
    expiresAt: actor.expiresAt ?? Number.MAX_SAFE_INTEGER,
  }
  app.cache.set(`credential ${authorization}`, known, actor.topics, { epoch, bytes: 500 })
}

function isKnown(app: App, authorization: string, answer: HotAnswer): boolean {
  const known = app.cache.get(`credential ${authorization}`) as KnownCredential | undefined
  if (known === undefined || known.expiresAt <= now(app)) return false
  if (known.grants === undefined || answer.grant === undefined) return true
  return known.grants.get(answer.grant.name)?.has(answer.grant.action) === true
}

/** Host, path and query: hosts may be given to one ecosystem each. */
function keyOf(url: string): string {
  const at = url.indexOf('//')
  return at === -1 ? url : url.slice(at + 2)
}
