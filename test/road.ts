import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'

/** Changes an answer on its way, by the path that was asked for; undefined lets it pass. */
export type Tamper = (path: string, body: Buffer) => Buffer | undefined

/** The way to a registry, with somebody on it who may change what passes. Only reads pass. */
export interface Road {
  readonly url: string
  /** From now on. */
  tamper(by: Tamper): void
  close(): void
}

const KEPT_HEADERS = ['content-type', 'location', 'retry-after']

/** Opens one that leads to `target`. */
export async function openRoad(target: string): Promise<Road> {
  let tamper: Tamper = () => undefined
  const server = createServer((request, response) => {
    void pass(target, request).then(({ status, headers, body }) => {
      response.writeHead(status, headers).end(tamper(request.url ?? '', body) ?? body)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    tamper(by) {
      tamper = by
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Another bit at one place. */
export function flipped(body: Buffer, at: number): Buffer<ArrayBuffer> {
  const changed = Buffer.from(body)
  changed[at] = (changed[at] ?? 0) ^ 1
  return changed
}

/** Another letter at the beginning of some lines, where base64 stays base64. */
export function changeLine(body: Buffer, find: (line: string, at: number) => boolean): Buffer {
  const lines = body.toString().split('\n')
  const changed = lines.map((line, at) =>
    find(line, at) ? `${line[0] === 'A' ? 'B' : 'A'}${line.slice(1)}` : line,
  )
  return Buffer.from(changed.join('\n'))
}

async function pass(target: string, request: IncomingMessage) {
  const { authorization } = request.headers
  const answer = await fetch(`${target}${request.url}`, {
    redirect: 'manual',
    headers: authorization ? { authorization } : {},
  })
  const body = Buffer.from(await answer.arrayBuffer())
  const headers: Record<string, string> = {}
  for (const name of KEPT_HEADERS) {
    const value = answer.headers.get(name)
    if (value) headers[name] = value
  }
  return { status: answer.status, headers, body }
}
