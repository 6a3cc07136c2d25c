import type { Identity } from '#core/access/actor.ts'
import { type App, now } from '#core/app.ts'
import type { Epoch } from '#core/cache/read-cache.ts'
import type { HotAnswer } from '#ecosystems/hot-answer.ts'
import { type Keeping, KeptAnswer, packAnswer } from './kept-answer.ts'

/** An answer to keep, and the request it was made for. */
interface ToKeep {
  readonly request: Request
  readonly answer: HotAnswer
  readonly epoch: Epoch
  readonly actor: Identity
}

/** What of an identity a hit needs. */
interface KnownCredential {
  readonly grants: Identity['grants']
  /** As an actor's; what a hit is counted under. */
  readonly credential: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

const ENTRY_BYTES = 2000

/**
 * Finds the answer in memory, without a query: for GET and HEAD of public content, by anybody or by
 * a credential that was good when last seen. Nothing sends the request the long way.
 */
export function createFindHot(app: App): (request: Request) => KeptAnswer | undefined {
  let isFresh = false
  const grow = () => {
    isFresh = false
  }
  return (request) => {
    if (!isFresh) {
      app.cache.begin()
      isFresh = true
      // Whatever else this turn of the event loop handles had arrived before others were asked
      // what they changed: asking (3 µs of system calls) once a turn is as exact as once a request.
      setImmediate(grow)
    }
    const kept = app.cache.get(request.url)
    return kept instanceof KeptAnswer && isFor(app, request, kept) ? kept : undefined
  }
}

function isFor(app: App, { method, headers }: Request, kept: KeptAnswer): boolean {
  if ((method !== 'GET' && method !== 'HEAD') || headers.get('range') !== null) return false
  const authorization = headers.get('authorization')
  if (authorization !== null) {
    if (kept.isForStrangers || !isKnown(app, authorization, kept.grant)) return false
  }
  const { isAcceptable } = kept
  return isAcceptable === undefined || isAcceptable(headers.get('accept'))
}

/** Keeps an answer for the next one who asks, and that the credential shown for it is good. */
export function keepHot(app: App, { request, answer, epoch, actor }: ToKeep, keeping: Keeping) {
  const authorization = request.headers.get('authorization')
  // Then the URL holds the credential: an answer kept under it would outlive that.
  if (authorization === null && actor.kind !== 'anonymous') return
  if (authorization !== null) {
    const { grants, credential, expiresAt = Number.MAX_SAFE_INTEGER } = actor
    const known: KnownCredential = { grants, credential, expiresAt }
    app.cache.set(credentialKey(authorization), known, actor.topics, { epoch, bytes: 500 })
  }
  // A range, or a credential that was new: the whole answer is there already.
  if (app.cache.get(request.url) instanceof KeptAnswer) return
  const { body, topics } = answer
  const bytes = ENTRY_BYTES + (body instanceof Uint8Array ? body.byteLength : body.path.length * 2)
  const kept = new KeptAnswer(answer, keeping)
  app.cache.set(request.url, kept, topics, { epoch, bytes })
  packAnswer(answer).then(
    (packed) => {
      if (!packed || app.cache.get(request.url) !== kept) return
      let total = bytes
      for (const one of packed.values()) total += ENTRY_BYTES + one.byteLength
      const both = new KeptAnswer(answer, keeping, packed)
      app.cache.set(request.url, both, topics, { epoch, bytes: total })
    },
    (error) => app.log.warn({ err: error }, 'an answer could not be compressed'),
  )
}

/** What a hit is counted under: the credential that was good when last seen; empty for nobody's. */
export function hotCredential(app: App, request: Request): string {
  const authorization = request.headers.get('authorization')
  if (authorization === null) return ''
  const known = app.cache.get(credentialKey(authorization)) as KnownCredential | undefined
  return known?.credential ?? ''
}

function isKnown(app: App, authorization: string, grant: HotAnswer['grant']): boolean {
  const known = app.cache.get(credentialKey(authorization)) as KnownCredential | undefined
  if (known === undefined || known.expiresAt <= now(app)) return false
  if (known.grants === undefined || grant === undefined) return true
  return known.grants.get(grant.name)?.has(grant.action) === true
}

/** Apart from every other key: clients choose this text. */
function credentialKey(authorization: string): string {
  return `credential ${authorization}`
}
