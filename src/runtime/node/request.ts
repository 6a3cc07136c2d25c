import type { IncomingMessage } from 'node:http'
import { isHost, NO_HOST } from '../serve-shared.ts'

const MAX_DISCARDED_BYTES = 64 * 1024 * 1024

/** A request that no handler can be asked about. */
export class BadRequest extends Error {
  readonly status: number

  constructor(message: string, options: ErrorOptions & { status?: number } = {}) {
    super(message, options)
    this.status = options.status ?? 400
  }
}

/** Node's request as the Web's. The body is read from the socket only as far as it is pulled. */
export function toRequest(
  incoming: IncomingMessage,
  signal: AbortSignal,
  maxBodyBytes: number,
): Request {
  const { method = 'GET', headers } = incoming
  if (Number(headers['content-length'] ?? 0) > maxBodyBytes) throw tooLarge()
  const init: RequestInit = { method, headers: toHeaders(incoming), signal }
  if (method !== 'GET' && method !== 'HEAD' && hasBody(incoming)) {
    init.body = toStream(incoming, maxBodyBytes)
    init.duplex = 'half'
  }
  const url = urlOf(incoming)
  try {
    return new Request(url, init)
  } catch (cause) {
    throw new BadRequest('the request target is malformed', { cause })
  }
}

function urlOf(incoming: IncomingMessage): string {
  const host = incoming.headers.host ?? ''
  if (!isHost(host)) throw new BadRequest(NO_HOST)
  // A proxy may say the whole URL (RFC 9112 §3.2.2): like Bun, keep the path and believe Host.
  const target = (incoming.url ?? '').replace(/^https?:\/\/[^/?#]*/i, '')
  if (!target.startsWith('/')) throw new BadRequest('the request target is not a path')
  return `http://${host}${target}`
}

function toHeaders(incoming: IncomingMessage): Headers {
  const headers = new Headers()
  const raw = incoming.rawHeaders
  for (let i = 0; i + 1 < raw.length; i += 2) headers.append(raw[i] ?? '', raw[i + 1] ?? '')
  return headers
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function toStream(incoming: IncomingMessage, maxBytes: number): ReadableStream<Uint8Array> {
  let iterator: AsyncIterator<Uint8Array> | undefined
  let seenBytes = 0
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        iterator ??= incoming.iterator({ destroyOnReturn: false })
        const { done, value } = await iterator.next()
        if (done) return controller.close()
        seenBytes += value.length
        if (seenBytes > maxBytes) {
          discardRest(incoming)
          throw tooLarge()
        }
        controller.enqueue(value)
      },
      cancel: async () => {
        await iterator?.return?.()
        discardRest(incoming)
      },
    },
    { highWaterMark: 0 },
  )
}

/**
 * A client hears an answer that comes early only if what it still sends is read: Node leaves that
 * to us once somebody has read a part. Up to a point it is; beyond, the connection is cut.
 */
function discardRest(incoming: IncomingMessage): void {
  let discarded = 0
  incoming.on('data', (chunk: Uint8Array) => {
    discarded += chunk.length
    if (discarded > MAX_DISCARDED_BYTES) incoming.destroy()
  })
  incoming.resume()
}

function tooLarge(): BadRequest {
  return new BadRequest('the request body is too large', { status: 413 })
}
