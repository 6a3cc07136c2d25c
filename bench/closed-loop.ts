import { Agent, type IncomingMessage, request } from 'node:http'
import type { ClientLoad, LoadResult } from './load.ts'

/** One request and the status it must be answered with. */
interface Call {
  readonly method: 'POST' | 'PUT'
  readonly url: URL
  readonly type: string
  readonly body: Buffer
  readonly expected: number
}

/** Sends one request, reads its answer to the end and gives its Location. */
export type Send = (call: Call) => Promise<string | undefined>

/**
 * Runs as many clients as the load says, each doing `once` again and again without a pause, prints
 * how it went as one line of JSON, and ends the process.
 */
export async function runClients<T extends ClientLoad>(
  load: T,
  once: (send: Send) => Promise<void>,
): Promise<never> {
  const agent = new Agent({ keepAlive: true, maxSockets: load.clients })
  const send = sender(agent, load)
  const begin = performance.now()
  const end = begin + load.seconds * 1000
  const latencies: number[] = []
  const client = async () => {
    while (performance.now() < end) {
      const began = performance.now()
      await once(send)
      latencies.push(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: load.clients }, client))
  const seconds = (performance.now() - begin) / 1000
  latencies.sort((a, b) => a - b)
  const at = (share: number) => latencies[Math.floor((latencies.length - 1) * share)] ?? 0
  const result: LoadResult = {
    requests: latencies.length,
    seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    failures: 0,
  }
  process.stdout.write(`${JSON.stringify(result)}\n`)
  process.exit(0)
}

function sender(agent: Agent, load: ClientLoad): Send {
  return async ({ method, url, type, body, expected }) => {
    const headers = { ...load.headers, 'content-type': type, 'content-length': body.length }
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request(url, { method, agent, headers }, resolve).on('error', reject).end(body)
    })
    let text = ''
    for await (const chunk of response) text += chunk
    if (response.statusCode === expected) return response.headers.location
    throw new Error(`${method} ${url.href}: ${response.statusCode} ${text.slice(0, 300)}`)
  }
}
