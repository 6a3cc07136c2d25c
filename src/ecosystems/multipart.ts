import { RegistryError } from '#core/errors.ts'
import { bodyChunks } from './read-body.ts'

/** One part of a form; its body must be read before the next part comes. */
export interface FormPart {
  readonly name: string
  readonly body: AsyncIterable<Uint8Array>
}

const MAX_PARTS = 20
const MAX_HEAD_BYTES = 8 * 1024
const MAX_DISCARDED_BYTES = 64 * 1024 * 1024
const HEAD_END = '\r\n\r\n'

/**
 * The parts of a multipart/form-data body (RFC 7578) as they come, nothing held but a few
 * kilobytes. What is left of a part, or of the body, is read and dropped: a client hears an early
 * answer only if what it still sends is read.
 */
export async function* readMultipart(request: Request): AsyncGenerator<FormPart> {
  const form = new FormReader(bodyChunks(request), boundaryOf(request))
  try {
    for (let parts = 0; await form.next(); parts++) {
      if (parts === MAX_PARTS) throw malformed(`more than ${MAX_PARTS} parts`)
      const name = partName(await form.head())
      yield { name, body: form.body() }
    }
  } finally {
    await form.discard()
  }
}

/** The text of a small part. */
export async function partText(part: FormPart, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of part.body) {
    size += chunk.byteLength
    if (size > maxBytes) {
      throw new RegistryError('too_large', `${part.name} may have at most ${maxBytes} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function boundaryOf(request: Request): string {
  const type = request.headers.get('content-type') ?? ''
  const isForm = /^multipart\/form-data\s*(?:;|$)/i.test(type)
  const [, quoted, bare] = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(type) ?? []
  const boundary = quoted ?? bare
  if (isForm && boundary !== undefined) return boundary
  throw new RegistryError(
    'unsupported_media_type',
    'the body must be multipart/form-data with a boundary',
  )
}

function partName(head: string): string {
  const disposition = /^content-disposition:[ \t]*form-data[ \t]*(;.*)$/im.exec(head)?.[1] ?? ''
  const [, quoted, bare] = /;[ \t]*name=(?:"([^"\r]*)"|([^\s;"]+))/i.exec(disposition) ?? []
  const name = quoted ?? bare
  if (name === undefined) throw malformed('a part has no name')
  return name
}

class FormReader {
  readonly #chunks: AsyncGenerator<Uint8Array>
  readonly #delimiter: Buffer
  /** A delimiter begins with a line end, and the first may be the body's first line. */
  #held: Buffer = Buffer.from('\r\n')
  #isInPart = true
  #discarded = 0

  constructor(chunks: AsyncGenerator<Uint8Array>, boundary: string) {
    this.#chunks = chunks
    this.#delimiter = Buffer.from(`\r\n--${boundary}`)
  }

  /** Goes behind the next delimiter; false when it was the last. */
  async next(): Promise<boolean> {
    for await (const chunk of this.body()) this.#discarded += chunk.byteLength
    if (this.#discarded > MAX_DISCARDED_BYTES) throw malformed('too much beside the parts')
    while (this.#held.byteLength < 2) await this.#fill()
    const isLast = this.#held.subarray(0, 2).toString('latin1') === '--'
    this.#isInPart = !isLast
    return !isLast
  }

  /** The header lines of the part that begins here, and the end of the delimiter's line. */
  async head(): Promise<string> {
    let end = this.#held.indexOf(HEAD_END)
    while (end === -1) {
      if (this.#held.byteLength > MAX_HEAD_BYTES) throw malformed('a part has too long a head')
      await this.#fill()
      end = this.#held.indexOf(HEAD_END)
    }
    const head = this.#held.subarray(0, end).toString('utf8')
    this.#held = this.#held.subarray(end + HEAD_END.length)
    return head
  }

  /** What is left of the part, up to the next delimiter. */
  async *body(): AsyncGenerator<Uint8Array> {
    while (this.#isInPart) {
      const held = this.#held
      const end = held.indexOf(this.#delimiter)
      // The delimiter may have begun in the last bytes.
      const safe = end === -1 ? Math.max(0, held.byteLength - this.#delimiter.byteLength + 1) : end
      const after = end === -1 ? safe : end + this.#delimiter.byteLength
      this.#held = held.subarray(after)
      if (end !== -1) this.#isInPart = false
      if (safe > 0) yield held.subarray(0, safe)
      if (end === -1) await this.#fill()
    }
  }

  /** Reads what still comes, up to a point. */
  async discard(): Promise<void> {
    try {
      for await (const chunk of this.#chunks) {
        this.#discarded += chunk.byteLength
        if (this.#discarded > MAX_DISCARDED_BYTES) return
      }
    } catch {
      // Whoever sent it is gone.
    }
  }

  async #fill(): Promise<void> {
    const { done, value } = await this.#chunks.next().catch((cause: unknown) => {
      throw new RegistryError('size_invalid', 'the body ended early', { cause })
    })
    if (done) throw malformed('the form ends early')
    const { byteLength } = this.#held
    this.#held = byteLength === 0 ? bytesOf(value) : Buffer.concat([this.#held, value])
  }
}

function bytesOf(chunk: Uint8Array): Buffer {
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
}

function malformed(why: string): RegistryError {
  return new RegistryError('invalid_request', `not a proper multipart/form-data body: ${why}`)
}
