import type { Context } from 'hono'
import { packageTopic } from '#core/cache/topics.ts'
import type { Package } from '#core/packages/package.ts'
import type { Env } from '#ecosystems/contract.ts'
import { sendHot } from '#ecosystems/hot-answer.ts'

const JSON_TYPE = 'application/json'

/** Answers with a document made of one package, which the server keeps when anybody may see it. */
export function sendDocument(c: Context<Env>, from: Package, body: unknown): Response {
  return sendKept(c, from, { type: JSON_TYPE, text: JSON.stringify(body) })
}

/** The same as JSON, or as plain text where the client asks for that. */
export function sendEither(
  c: Context<Env>,
  from: Package,
  { body, text }: { body: unknown; text: string },
): Response {
  const varied = { vary: 'accept' }
  if (wantsText(c.req.header('accept') ?? null)) {
    return sendKept(c, from, { type: 'text/plain; charset=utf-8', text, headers: varied })
  }
  return sendKept(c, from, { type: JSON_TYPE, text: JSON.stringify(body), headers: varied })
}

/** Answers with a document for this caller alone. */
export function sendJson(body: object, status = 200): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': JSON_TYPE, 'cache-control': 'no-store' },
  })
}

interface Rendered {
  readonly type: string
  readonly text: string
  readonly headers?: Readonly<Record<string, string>>
}

function sendKept(c: Context<Env>, from: Package, { type, text, headers }: Rendered): Response {
  const isPublic = from.visibility === 'public'
  const isText = type !== JSON_TYPE
  return sendHot(c, {
    topics: [packageTopic(from.id)],
    headers: {
      'content-type': type,
      'cache-control': isPublic ? 'no-cache' : 'private, no-cache',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
    body: new TextEncoder().encode(text),
    // One form per URL is kept: JSON, which is asked for most.
    isPublic: isPublic && !isText,
    ...(headers && { isAcceptable: (accept) => !wantsText(accept) }),
  })
}

/** Whether plain text comes before JSON in what a client takes. */
function wantsText(accept: string | null): boolean {
  if (accept === null) return false
  const text = accept.indexOf('text/plain')
  const json = accept.indexOf('application/json')
  return text !== -1 && (json === -1 || text < json)
}
