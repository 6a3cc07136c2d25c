import { isHost, NO_HOST, NO_METHOD, originOf, plainText } from '../serve-shared.ts'
import type { Connection, RunningServer, ServeOptions } from '../types.ts'

/** Bun's longest. It also cuts work in flight: slow handlers, silent bodies, slow downloads. */
const IDLE_SECONDS = 255

type BunServer = Bun.Server<undefined>

/** Starts an HTTP server. */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const server: BunServer = Bun.serve({
    hostname: options.hostname,
    port: options.port,
    // Left out, a second server of this process would quietly share the port.
    reusePort: false,
    idleTimeout: IDLE_SECONDS,
    maxRequestBodySize: options.maxRequestBodySize ?? Number.MAX_SAFE_INTEGER,
    development: false,
    // Not async: a handler that has its answer ready must not pay for a promise.
    fetch: (request) =>
      refuse(request) ?? options.fetch(request, new BunConnection(server, request)),
    error: (error) => options.onError(error),
  })
  const port = server.port ?? options.port
  return {
    hostname: options.hostname,
    port,
    url: originOf(options.hostname, port),
    stop: (graceMs) => stop(server, graceMs),
  }
}

class BunConnection implements Connection {
  readonly #server: BunServer
  readonly #request: Request

  constructor(server: BunServer, request: Request) {
    this.#server = server
    this.#request = request
  }

  remoteAddress(): string {
    return this.#server.requestIP(this.#request)?.address ?? ''
  }
}

/** An empty or malformed Host leaves the URL without an origin; `new URL` on it would throw. */
function refuse(request: Request): Response | undefined {
  const method = request.method
  if (method === 'CONNECT' || method === 'TRACE') return plainText(405, NO_METHOD)
  if (!isHost(request.headers.get('host'))) return plainText(400, NO_HOST)
  return undefined
}

async function stop(server: BunServer, graceMs: number): Promise<void> {
  const force = setTimeout(() => void server.stop(true), graceMs)
  try {
    await server.stop()
  } finally {
    clearTimeout(force)
  }
}
