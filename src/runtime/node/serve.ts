import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { NO_METHOD, originOf, plainText } from '../serve-shared.ts'
import type { RunningServer, ServeOptions } from '../types.ts'
import { BadRequest, toRequest } from './request.ts'
import { sendResponse } from './send-response.ts'

/** As on Bun: a connection on which nothing moves is cut. */
const IDLE_MS = 255_000
const HEADERS_MS = 12_000
const SWEEP_MS = 50

/** Starts an HTTP server. */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  // No limit on a whole request: an upload of many GB takes as long as it takes.
  const limits = { requestTimeout: 0, headersTimeout: HEADERS_MS, keepAliveTimeout: IDLE_MS }
  const server = createServer(limits, listener(options))
  server.setTimeout(IDLE_MS)
  server.on('connect', (_request, socket) => {
    socket.end('HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
  })
  server.listen(options.port, options.hostname)
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : options.port
  return {
    hostname: options.hostname,
    port,
    url: originOf(options.hostname, port),
    stop: (graceMs) => stop(server, graceMs),
  }
}

function listener(options: ServeOptions): RequestListener {
  return (incoming, outgoing) => {
    const aborted = new AbortController()
    outgoing.on('close', () => {
      if (!outgoing.writableFinished) aborted.abort()
    })
    answer(options, incoming, aborted.signal)
      .then((response) => sendResponse(response, incoming, outgoing))
      .catch((error) => fail(options, error, outgoing))
  }
}

async function answer(
  options: ServeOptions,
  incoming: IncomingMessage,
  signal: AbortSignal,
): Promise<Response> {
  if (incoming.method === 'TRACE') return plainText(405, NO_METHOD)
  const remoteAddress = incoming.socket.remoteAddress ?? ''
  try {
    const request = toRequest(incoming, signal, options.maxRequestBodySize ?? Infinity)
    return await options.fetch(request, { remoteAddress: () => remoteAddress })
  } catch (error) {
    if (error instanceof BadRequest) return plainText(error.status, error.message)
    return options.onError(error)
  }
}

/** The answer broke while it was sent: all that is left is to cut it short, visibly. */
async function fail(options: ServeOptions, error: unknown, outgoing: ServerResponse) {
  const isClientGone = outgoing.destroyed
  outgoing.destroy()
  if (isClientGone) return
  await Promise.resolve(options.onError(error)).catch(() => undefined)
}

async function stop(server: Server, graceMs: number): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  // A connection whose last answer is out would otherwise be kept for the client's next request.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS)
  const force = setTimeout(() => server.closeAllConnections(), graceMs)
  await closed
  clearInterval(sweep)
  clearTimeout(force)
}
