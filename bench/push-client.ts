import { randomBytes } from 'node:crypto'
import { Agent, type IncomingMessage, request } from 'node:http'
import { digestOf, repository } from './content.ts'
import type { LoadResult, PushLoad } from './load.ts'

interface Call {
  readonly method: 'POST' | 'PUT'
  readonly url: URL
  readonly body: Buffer
  readonly expected: number
}

const load: PushLoad & { seconds: number } = JSON.parse(process.argv[2] ?? '{}')
const blobBytes = 10 * 1024
const agent = new Agent({ keepAlive: true, maxSockets: load.clients })
const start = new URL(`/v2/${repository}/blobs/uploads/`, load.baseUrl)

process.stdout.write(`${JSON.stringify(await pushUntilDone())}\n`)
process.exit(0)

async function pushUntilDone(): Promise<LoadResult> {
  const begin = performance.now()
  const end = begin + load.seconds * 1000
  const latencies: number[] = []
  const client = async () => {
    while (performance.now() < end) {
      const began = performance.now()
      await push()
      latencies.push(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: load.clients }, client))
  const seconds = (performance.now() - begin) / 1000
  latencies.sort((a, b) => a - b)
  const at = (share: number) => latencies[Math.floor((latencies.length - 1) * share)] ?? 0
  return { requests: latencies.length, seconds, p50Ms: at(0.5), p99Ms: at(0.99), failures: 0 }
}

async function push(): Promise<void> {
  const bytes = randomBytes(blobBytes)
  const location = await call({ method: 'POST', url: start, body: Buffer.alloc(0), expected: 202 })
  const url = new URL(location ?? '', start)
  url.searchParams.set('digest', digestOf(bytes))
  await call({ method: 'PUT', url, body: bytes, expected: 201 })
}

/** Sends one request, reads its answer to the end and gives its Location. */
async function call({ method, url, body, expected }: Call): Promise<string | undefined> {
  const headers = {
    ...load.headers,
    'content-type': 'application/octet-stream',
    'content-length': body.length,
  }
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(url, { method, agent, headers }, resolve).on('error', reject).end(body)
  })
  let text = ''
  for await (const chunk of response) text += chunk
  if (response.statusCode === expected) return response.headers.location
  throw new Error(`${method} ${url.href}: ${response.statusCode} ${text.slice(0, 300)}`)
}
