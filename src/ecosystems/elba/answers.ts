import type { Context } from 'hono'
import type { Package } from '#core/packages/package.ts'
import type { Env } from '#ecosystems/contract.ts'
import { sendHot } from '#ecosystems/hot-answer.ts'

const JSON_TYPE = 'application/json'

/** Answers with a document made of one package, which the server keeps when anybody may see it. */
export function sendDocument(
  c: Context<Env>,
  body: object,
  { from, topics }: { from: Package; topics: readonly string[] },
): Response {
  const isPublic = from.visibility === 'public'
  return sendHot(c, {
    topics,
    headers: {
      'content-type': JSON_TYPE,
      'cache-control': isPublic ? 'no-cache' : 'private, no-cache',
      'x-content-type-options': 'nosniff',
    },
    body: new TextEncoder().encode(JSON.stringify(body)),
    isPublic,
  })
}

/** Answers with a document for this caller, or for this moment, alone. */
export function sendJson(body: object, headers = new Headers()): Response {
  headers.set('content-type', JSON_TYPE)
  headers.set('cache-control', 'no-store')
  return new Response(JSON.stringify(body), { headers })
}

/** A moment as bodies have it: RFC 3339 with an offset, in microseconds. */
export function time(millis: number): string {
  return new Date(millis).toISOString().replace(/(\.\d{3})Z$/, '$1000+00:00')
}
