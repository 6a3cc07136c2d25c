import type { Context } from 'hono'
import { packageTopic } from '#core/cache/topics.ts'
import type { Package } from '#core/packages/package.ts'
import type { Env } from '#ecosystems/contract.ts'
import { sendHot } from '#ecosystems/hot-answer.ts'
import { type Form, isAcceptable, type Kind, mediaType } from './media-types.ts'

/** A document to answer with. */
export interface Document {
  readonly kind: Kind
  readonly form?: Form
  readonly body: object
  /** Cursor of the next page of a list. */
  readonly next?: string | undefined
  /** The page's size, repeated in the link to the next. */
  readonly limit?: number
  /** The one package that it was made from alone: then it may be kept in memory. */
  readonly from?: Package
}

/** Answers with a document; the server keeps those made from one public package. */
export function sendDocument(c: Context<Env>, document: Document): Response {
  const { kind, form = '', from } = document
  const body = new TextEncoder().encode(JSON.stringify(document.body))
  const isPublic = from?.visibility === 'public'
  return sendHot(c, {
    topics: from ? [packageTopic(from.id)] : [],
    headers: {
      'content-type': mediaType(kind, form),
      'cache-control': isPublic ? 'no-cache' : 'private, no-cache',
      vary: 'authorization',
      'x-content-type-options': 'nosniff',
      ...(document.next !== undefined && { link: nextLink(c, document) }),
    },
    body,
    isPublic,
    isAcceptable: (accept) => isAcceptable(accept, kind, form),
  })
}

/** Says that a PUT or DELETE was done; upstream has no body for either. */
export function sendDone(c: Context<Env>, { isNew = false } = {}): Response {
  const headers: Record<string, string> = { 'content-length': '0', 'cache-control': 'no-store' }
  if (isNew) headers.location = new URL(c.req.url).pathname
  return new Response(null, { status: isNew ? 201 : 200, headers })
}

/** A Link header to the next page (RFC 8288), relative to this host. */
function nextLink(c: Context<Env>, { limit, next }: Document): string {
  const url = new URL(c.req.url)
  if (limit !== undefined) url.searchParams.set('perPage', String(limit))
  url.searchParams.set('after', next ?? '')
  return `<${url.pathname}${url.search}>; rel="next"`
}
