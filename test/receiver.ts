import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a receiver was sent. */
export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** How a receiver answers: with a status and more, or, told 'hang', never. */
type Answer =
  | 'hang'
  | { readonly status: number; readonly body?: string; readonly headers?: Record<string, string> }

/** Somebody's server, to which webhooks post. */
export interface Receiver {
  readonly url: string
  readonly received: Received[]
  /** What it answers from now on. */
  answer: Answer | ((received: Received) => Answer)
  /** Requests that it holds at this moment, and the most that it ever held. */
  readonly held: { now: number; most: number }
  close(): Promise<void>
}

/** Starts one on the loopback interface; it answers 200. */
export async function startReceiver(): Promise<Receiver> {
  const held = { now: 0, most: 0 }
  const received: Received[] = []
  const server = createServer((request, response) => {
    held.now++
    held.most = Math.max(held.most, held.now)
    response.once('close', () => held.now--)
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8')
      const one = { path: request.url ?? '', headers: request.headers, body }
      received.push(one)
      const answer = typeof self.answer === 'function' ? self.answer(one) : self.answer
      if (answer === 'hang') return
      response.writeHead(answer.status, answer.headers).end(answer.body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const self: Receiver = {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    answer: { status: 200 },
    held,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return self
}
