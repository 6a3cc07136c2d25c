import { createHash } from 'node:crypto'
import type { Context } from 'hono'
import { fileResponse } from '#runtime/file-response.ts'
import type { Env } from './contract.ts'
import { parseRange } from './range.ts'

/** A finished answer to GET, the same for everybody who may see it until one of its topics changes. */
export interface HotAnswer {
  readonly topics: readonly string[]
  /** Header names in lower case; content-length is added. `etag` is compared with If-None-Match. */
  readonly headers: Readonly<Record<string, string>>
  /** Finished bytes, or a local file of that size. */
  readonly body: Uint8Array | { readonly path: string; readonly size: number }
  /** True when anybody may see it: only then the server keeps it. */
  readonly isPublic: boolean
  /** Set where who shows a credential may see more: only those without get it from memory. */
  readonly isForStrangers?: boolean
  /** Set where the Accept header decides: an answer that is not wanted so is not taken from memory. */
  readonly isAcceptable?: (accept: string | null) => boolean
  /** Hears of each answer that has the content, or its beginning: no HEAD, 304 or later range. */
  readonly onSent?: () => void
  /** What a credential that is limited to certain packages must allow. */
  readonly grant?: { readonly name: string; readonly action: string }
}

/** Answers, and lets the server keep the answer for the next one who asks. */
export function sendHot(c: Context<Env>, rendered: HotAnswer): Response {
  const answer = withEtag(rendered)
  if (answer.isPublic) c.set('hot', answer)
  return hotResponse(answer, c.req.raw)
}

/** The answer to this request: whole, a range, without body for HEAD, or 304. */
function hotResponse(answer: HotAnswer, request: Request): Response {
  const { headers } = answer
  const known = request.headers.get('if-none-match')
  if (known !== null && headers.etag !== undefined && matchesEtag(known, headers.etag)) {
    return new Response(null, { status: 304, headers: withoutContent(headers) })
  }
  const { body } = answer
  const size = body instanceof Uint8Array ? body.byteLength : body.size
  if (request.method === 'HEAD') {
    return new Response(null, { headers: { ...headers, 'content-length': String(size) } })
  }
  const range = isRangeWanted(request, headers)
    ? parseRange(request.headers.get('range'), size)
    : undefined
  if (range === undefined || range.start === 0) answer.onSent?.()
  if (range) {
    const ranged = {
      ...headers,
      'content-range': `bytes ${range.start}-${range.end - 1}/${size}`,
      'content-length': String(range.end - range.start),
    }
    if (!(body instanceof Uint8Array)) {
      return fileResponse(body.path, { status: 206, headers: ranged, ...range })
    }
    const part = new Uint8Array(body.subarray(range.start, range.end))
    return new Response(part, { status: 206, headers: ranged })
  }
  if (!(body instanceof Uint8Array)) {
    const isRangeIgnored = request.headers.has('range')
    return fileResponse(body.path, { status: 200, headers, start: 0, end: size, isRangeIgnored })
  }
  return new Response(body as Uint8Array<ArrayBuffer>, { headers })
}

/** With If-Range a range counts only for the representation that the client has a part of (RFC 9110 §13.1.5). */
function isRangeWanted(request: Request, headers: Readonly<Record<string, string>>): boolean {
  const expected = request.headers.get('if-range')
  return expected === null || expected === headers.etag
}

/** A 304 repeats the validators, never what describes a body. */
function withoutContent(headers: Readonly<Record<string, string>>): Record<string, string> {
  const kept = { ...headers }
  delete kept['content-type']
  delete kept['content-length']
  return kept
}

/** Bytes without a name of their own get one, so that asking again costs a 304. */
function withEtag(answer: HotAnswer): HotAnswer {
  const { headers, body } = answer
  if (headers.etag !== undefined || !(body instanceof Uint8Array)) return answer
  const digest = createHash('sha256').update(body).digest('base64url').slice(0, 27)
  return { ...answer, headers: { ...headers, etag: `"${digest}"` } }
}

/** Whether an If-None-Match header names the ETag. */
export function matchesEtag(header: string, etag: string): boolean {
  if (header === etag || header === '*') return true
  return header.split(',').some((one) => one.trim().replace(/^W\//, '') === etag)
}
