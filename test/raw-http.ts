import { connect, type Socket } from 'node:net'

/** A fully read HTTP answer, the same shape from fetch and from a raw socket. */
export type Answer = { status: number; headers: Headers; bytes: Uint8Array; url: string }

/** What goes over the wire, byte for byte: the request line, header lines, then body pieces. */
export type RawRequest = {
  method: string
  path: string
  headers?: Record<string, string>
  body?: Iterable<Uint8Array | string>
  /** Close our side after the last piece, as a client that dies in the middle does. */
  hangUp?: boolean
}

/**
 * Sends a request that fetch refuses to express (lying lengths, trailers, `..` in the path) and
 * reads the first answer. An answer before the end of the body ends the sending. `undefined` when
 * the connection closes without an answer, which is right only after `hangUp`.
 */
export function rawRequest(baseUrl: string, request: RawRequest): Promise<Answer | undefined> {
  const base = new URL(baseUrl)
  const head = [
    `${request.method} ${request.path} HTTP/1.1`,
    `Host: ${base.host}`,
    'Connection: close',
    ...Object.entries(request.headers ?? {}).map(([name, value]) => `${name}: ${value}`),
  ]
  return new Promise((resolve, reject) => {
    const socket = connect(Number(base.port || 80), base.hostname)
    const received: Buffer[] = []
    let settled = false
    const settle = (answer: Answer | undefined) => {
      settled = true
      socket.destroy()
      resolve(answer)
    }
    const parse = (ended: boolean) => {
      const answer = parseAnswer(Buffer.concat(received), request, ended)
      return answer && { ...answer, url: base.origin + request.path }
    }
    socket.setTimeout(20_000, () => {
      socket.destroy()
      reject(new Error(`${request.method} ${request.path}: no answer in 20 s`))
    })
    socket.on('data', (piece) => {
      received.push(piece as Buffer)
      const answer = parse(false)
      if (answer !== undefined && !settled) settle(answer)
    })
    // A reset after an early answer is legal: what was received until then counts.
    socket.on('error', (error) => {
      if (!settled && received.length === 0 && !request.hangUp) reject(error)
    })
    socket.on('close', () => {
      if (!settled) settle(parse(true))
    })
    socket.on('connect', () => {
      socket.write(`${head.join('\r\n')}\r\n\r\n`)
      sendBody(socket, request).catch(reject)
    })
  })
}

/** One piece of a `Transfer-Encoding: chunked` body; the empty piece ends it. */
export function chunkOf(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([
    Buffer.from(`${bytes.length.toString(16)}\r\n`),
    bytes,
    Buffer.from('\r\n'),
  ])
}

/** Sends piece by piece, as fast as the server takes it, until the answer closes the socket. */
async function sendBody(socket: Socket, request: RawRequest): Promise<void> {
  for (const piece of request.body ?? []) {
    if (socket.destroyed) return
    if (!socket.write(piece)) await drained(socket)
  }
  if (request.hangUp) socket.end(() => setTimeout(() => socket.destroy(), 50))
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('drain', resolve)
    socket.once('close', () => resolve())
  })
}

function parseAnswer(bytes: Buffer, request: RawRequest, ended: boolean): Answer | undefined {
  const split = bytes.indexOf('\r\n\r\n')
  if (split < 0) return undefined
  const [statusLine = '', ...lines] = bytes.subarray(0, split).toString('latin1').split('\r\n')
  const status = Number(statusLine.split(' ')[1])
  if (status === 100) return parseAnswer(bytes.subarray(split + 4), request, ended)
  const headers = new Headers()
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers.append(line.slice(0, colon), line.slice(colon + 1).trim())
  }
  const body = bodyOf(bytes.subarray(split + 4), headers, ended || request.method === 'HEAD')
  return body && { status, headers, bytes: body, url: request.path }
}

/** The decoded body, or nothing when more is to come. */
function bodyOf(bytes: Buffer, headers: Headers, ended: boolean): Uint8Array | undefined {
  if (headers.get('transfer-encoding') === 'chunked') return dechunk(bytes, ended)
  const length = headers.get('content-length')
  if (length !== null && bytes.length >= Number(length)) return bytes.subarray(0, Number(length))
  return ended ? bytes : undefined
}

function dechunk(bytes: Buffer, ended: boolean): Uint8Array | undefined {
  const pieces: Buffer[] = []
  let at = 0
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return ended ? Buffer.concat(pieces) : undefined
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString('latin1'), 16)
    if (size === 0) return Buffer.concat(pieces)
    pieces.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
}
