import { RegistryError } from '#core/errors.ts'

/** How much came in, for metrics: a body of unknown length announces nothing. */
const received = new WeakMap<Request, number>()

/** Bytes of the body that were read so far. */
export function bytesReceived(request: Request): number {
  return received.get(request) ?? 0
}

/** Up to here a body is taken at once: for so few bytes a stream costs more than what it carries. */
const SMALL_BYTES = 64 * 1024

/** The body as it comes, chunk by chunk; a small one of known length in one. */
export async function* bodyChunks(request: Request): AsyncGenerator<Uint8Array> {
  if (!request.body) return
  const announced = request.headers.get('content-length')
  if (announced !== null && Number(announced) <= SMALL_BYTES) {
    const whole = new Uint8Array(await request.arrayBuffer())
    received.set(request, whole.byteLength)
    if (whole.byteLength > 0) yield whole
    return
  }
  const reader = request.body.getReader()
  let bytes = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      bytes += value.byteLength
      yield value
    }
  } finally {
    received.set(request, bytes)
    // Also when the consumer stopped early: the sender need not go on.
    reader.cancel().catch(() => {})
  }
}

const MAX_DISCARDED_BYTES = 64 * 1024 * 1024

/** The whole body, at most `maxBytes`; throws `too_large` beyond. */
export async function readBody(request: Request, maxBytes: number): Promise<Uint8Array> {
  const announced = Number(request.headers.get('content-length') ?? 0)
  if (announced > maxBytes) throw tooLarge(maxBytes)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of bodyChunks(request)) {
    size += chunk.byteLength
    if (size <= maxBytes) chunks.push(chunk)
    // A client hears an early answer only if what it still sends is read: up to a point it is.
    else if (size > maxBytes + MAX_DISCARDED_BYTES) break
  }
  if (size > maxBytes) throw tooLarge(maxBytes)
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
}

function tooLarge(maxBytes: number): RegistryError {
  return new RegistryError('too_large', `the body may have at most ${maxBytes} bytes`, {
    details: { maxBytes },
  })
}
