import { type HotAnswer, matchesEtag } from '#ecosystems/hot-answer.ts'
import { fileResponse } from '#runtime/file-response.ts'
import {
  acceptedEncoding,
  compress,
  ENCODINGS,
  type Encoding,
  isCompressible,
  packedHeaders,
} from './compress.ts'
import { addFixed, addVary } from './cors.ts'
import type { HotCounts } from './protocol-counts.ts'
import type { ClassLimit } from './request-rate.ts'
import { secure } from './security-headers.ts'

/** One form of an answer, with everything made ready that can be. */
interface Form {
  readonly etag: string
  readonly body: HotAnswer['body']
  readonly size: number
  /** Headers are objects made once: a runtime copies those several times faster than plain ones. */
  readonly whole: { readonly headers: Headers }
  /** The same as an object, as `fileResponse` takes them. */
  readonly fields: Readonly<Record<string, string>>
  readonly head: { readonly headers: Headers }
  readonly notModified: { readonly status: 304; readonly headers: Headers }
}

/** Who counts an answer, and what its headers need beyond its own. */
export interface Keeping {
  readonly counts: HotCounts
  readonly fixedHeaders: Readonly<Record<string, string>>
  /** Set when reads of this protocol are limited: a hit is then counted against the caller. */
  readonly readLimit: ClassLimit | undefined
}

/** An answer in memory. A class so that nothing else in the cache can be mistaken for one. */
export class KeptAnswer {
  readonly grant: HotAnswer['grant']
  readonly isForStrangers: boolean
  readonly isAcceptable: HotAnswer['isAcceptable']
  readonly readLimit: ClassLimit | undefined
  readonly #onSent: HotAnswer['onSent']
  readonly #counts: HotCounts
  readonly #plain: Form
  readonly #packed: ReadonlyMap<Encoding, Form> | undefined

  constructor(answer: HotAnswer, keeping: Keeping, packed?: ReadonlyMap<Encoding, Uint8Array>) {
    this.grant = answer.grant
    this.isForStrangers = answer.isForStrangers === true
    this.isAcceptable = answer.isAcceptable
    this.#onSent = answer.onSent
    this.readLimit = keeping.readLimit
    this.#counts = keeping.counts
    const headers = keptHeaders(answer, keeping)
    this.#plain = formOf(answer.body, headers)
    if (!packed) return
    this.#packed = new Map(
      [...packed].map(([encoding, body]) => [
        encoding,
        formOf(body, packedHeaders(headers, encoding)),
      ]),
    )
  }

  /** The answer to a GET or HEAD without Range. */
  respond(request: Request): Response {
    const counts = this.#counts
    const form = this.#packed === undefined ? this.#plain : this.#formFor(request)
    const known = request.headers.get('if-none-match')
    if (known !== null && form.etag !== '' && matchesEtag(known, form.etag)) {
      counts.notModified++
      return new Response(null, form.notModified)
    }
    if (request.method === 'HEAD') {
      counts.head++
      return new Response(null, form.head)
    }
    counts.get++
    counts.bytes += form.size
    this.#onSent?.()
    const { body, size } = form
    if (body instanceof Uint8Array) return new Response(body as Uint8Array<ArrayBuffer>, form.whole)
    return fileResponse(body.path, { status: 200, headers: form.fields, start: 0, end: size })
  }

  #formFor(request: Request): Form {
    const encoding = encodingFor(request.headers.get('accept-encoding'))
    return (encoding && this.#packed?.get(encoding)) ?? this.#plain
  }
}

/** The packed forms of an answer that is worth it, made off the event loop. */
export async function packAnswer(
  answer: HotAnswer,
): Promise<ReadonlyMap<Encoding, Uint8Array> | undefined> {
  const { body } = answer
  if (!(body instanceof Uint8Array)) return undefined
  if (!isCompressible(new Headers(answer.headers), body.byteLength)) return undefined
  const packed = await Promise.all(
    ENCODINGS.map(async (encoding) => [encoding, await compress(body, encoding)] as const),
  )
  return new Map(packed)
}

function keptHeaders({ headers: own, body }: HotAnswer, { fixedHeaders }: Keeping): Headers {
  const headers = new Headers(own)
  addFixed(headers, fixedHeaders)
  secure(headers)
  const size = body instanceof Uint8Array ? body.byteLength : 0
  if (isCompressible(headers, size)) addVary(headers, 'Accept-Encoding')
  return headers
}

function formOf(body: HotAnswer['body'], headers: Headers): Form {
  const size = body instanceof Uint8Array ? body.byteLength : body.size
  const head = new Headers(headers)
  head.set('content-length', String(size))
  // A 304 repeats the validators, never what describes a body.
  const notModified = new Headers(headers)
  for (const name of ['content-type', 'content-length', 'content-encoding']) {
    notModified.delete(name)
  }
  return {
    etag: headers.get('etag') ?? '',
    body,
    size,
    whole: { headers },
    fields: Object.fromEntries(headers),
    head: { headers: head },
    notModified: { status: 304, headers: notModified },
  }
}

/** Clients of one kind send one text; parsing it again for each request is not worth it. */
const remembered = new Map<string, Encoding | undefined>()
const MAX_REMEMBERED = 100

function encodingFor(accept: string | null): Encoding | undefined {
  if (accept === null) return undefined
  if (remembered.has(accept)) return remembered.get(accept)
  const encoding = acceptedEncoding(accept)
  if (remembered.size < MAX_REMEMBERED && accept.length < 200) remembered.set(accept, encoding)
  return encoding
}
