import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, before, test } from '#runtime/test.ts'
import { OciClient } from '#test/oci-client.ts'
import { newUser } from '#test/served.ts'
import { memoryOf, openData, type ServerProcess, startServerProcess } from '#test/server-process.ts'

// biome-ignore lint/style/noProcessEnv: how much is the caller's business
const BLOB_GB = Number(process.env.ENTREPOT_TEST_BLOB_GB ?? 1)
const BLOCK_BYTES = 1024 * 1024
const BLOCKS = Math.round(BLOB_GB * 1024)
/** The promise is for Bun, the default runtime; Node's own floor is higher. */
const MAX_RSS = (process.versions.bun ? 150 : 250) * 1024 * 1024
const SLOW_CLIENTS = 100
const ROUNDS = 100
/** What one body under way may cost: the runtime's buffers, ours, and what is not collected yet. */
const MAX_PER_WRITER = 2.5 * 1024 * 1024

let dataDir: string
let server: ServerProcess
let authorization: string

before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'entrepot-memory-'))
  const { app, close } = await openData({ dataDir })
  const ann = await newUser(app, 'ann', { namespaces: ['acme'] })
  await close()
  authorization = `Bearer ${ann.secret}`
  server = await startServerProcess({ dataDir })
})

after(async () => {
  await server.kill()
  await rm(dataDir, { recursive: true, force: true })
})

const options = { timeout: 120_000 + BLOB_GB * 120_000 }

test(
  `${BLOB_GB} GB pushed and pulled leave the server below its memory limit`,
  options,
  async () => {
    const blob = largeBlob()
    const digest = `sha256:${digestOf(blob())}`
    const seconds: Record<string, number> = {}
    let begun = performance.now()
    const location = await startUpload()
    const answer = await send('PUT', `${location}?digest=${digest}`, blob(), BLOCKS * BLOCK_BYTES)
    assert.equal(answer.statusCode, 201, await textOf(answer))
    seconds.push = (performance.now() - begun) / 1000
    begun = performance.now()
    const hash = createHash('sha256')
    const pulled = await open('GET', `/v2/acme/big/blobs/${digest}`)
    for await (const chunk of pulled) hash.update(chunk)
    assert.equal(`sha256:${hash.digest('hex')}`, digest)
    seconds.pull = (performance.now() - begun) / 1000
    await checkMemory('large blob', seconds)
  },
)

test('chunked uploads of unknown length are not buffered', options, async () => {
  const location = await startUpload()
  for (let round = 0; round < 2; round++) {
    const patched = await send('PATCH', location, take(largeBlob()(), 128))
    assert.equal(patched.statusCode, 202, await textOf(patched))
  }
  const status = await open('GET', location)
  await textOf(status)
  assert.equal(status.headers.range, `0-${256 * BLOCK_BYTES - 1}`)
  await checkMemory('chunked')
})

test(`${SLOW_CLIENTS} readers that do not read cost no memory`, options, async () => {
  const client = new OciClient(server.url, authorization)
  const bytes = new Uint8Array(randomBytes(64 * BLOCK_BYTES))
  const { digest } = await client.pushBlob('acme/big', bytes)
  const readers = await Promise.all(
    Array.from({ length: SLOW_CLIENTS }, () => open('GET', `/v2/acme/big/blobs/${digest}`)),
  )
  for (const reader of readers) reader.pause()
  await sleep(3000)
  await checkMemory('slow readers')
  const [first] = readers
  for (const reader of readers.slice(1)) reader.destroy()
  const hash = createHash('sha256')
  for await (const chunk of first ?? []) hash.update(chunk)
  assert.equal(`sha256:${hash.digest('hex')}`, digest, 'the patient reader gets all of it')
})

test(
  `${SLOW_CLIENTS} writers that dribble cost little memory, whatever they send`,
  options,
  async () => {
    const locations = await Promise.all(Array.from({ length: SLOW_CLIENTS }, () => startUpload()))
    const writers = locations.map((location) => {
      const writer = startRequest('PATCH', location, { 'content-length': 16 * BLOCK_BYTES })
      writer.on('error', () => {})
      return writer
    })
    const block = randomBytes(64 * 1024)
    for (let round = 0; round < ROUNDS; round++) {
      for (const writer of writers) writer.write(block)
      await sleep(50)
    }
    await checkMemory('slow writers', {}, MAX_RSS + SLOW_CLIENTS * MAX_PER_WRITER)
    for (const writer of writers) writer.destroy()
    await sleep(1000)
    // What came was kept: every one can go on where it was cut off.
    const status = await open('GET', locations[0] ?? '')
    await textOf(status)
    assert.equal(status.statusCode, 204)
    assert.equal(status.headers.range, `0-${ROUNDS * block.length - 1}`)
  },
)

async function checkMemory(
  what: string,
  figures: Record<string, number> = {},
  maxBytes = MAX_RSS,
): Promise<void> {
  const peak = await memoryOf(server.pid, 'VmHWM')
  const present = await memoryOf(server.pid, 'VmRSS')
  const mb = (bytes: number) => Math.round(bytes / 1024 / 1024)
  const rates = Object.entries(figures).map(
    ([name, seconds]) => `${name} ${seconds.toFixed(1)} s = ${Math.round(BLOCKS / seconds)} MiB/s`,
  )
  const line = [`peak ${mb(peak)} MiB, now ${mb(present)} MiB`, ...rates].join(', ')
  process.stderr.write(`memory, ${what}: ${line}\n`)
  assert.ok(peak < maxBytes, `${what}: the server had ${mb(peak)} MiB resident`)
}

/** A blob that is made while it is read: one random block with a counter in it. */
function largeBlob(): () => Generator<Buffer> {
  const block = randomBytes(BLOCK_BYTES)
  return function* blocks() {
    for (let index = 0; index < BLOCKS; index++) {
      const bytes = Buffer.from(block)
      bytes.writeUInt32LE(index)
      yield bytes
    }
  }
}

function* take<T>(items: Iterable<T>, count: number): Generator<T> {
  let taken = 0
  for (const item of items) {
    if (taken++ === count) return
    yield item
  }
}

function digestOf(blocks: Iterable<Buffer>): string {
  const hash = createHash('sha256')
  for (const block of blocks) hash.update(block)
  return hash.digest('hex')
}

async function startUpload(): Promise<string> {
  const answer = await send('POST', '/v2/acme/big/blobs/uploads/', [], 0)
  assert.equal(answer.statusCode, 202, await textOf(answer))
  return answer.headers.location ?? ''
}

function startRequest(method: string, path: string, headers: Record<string, string | number> = {}) {
  return request(server.url + path, {
    method,
    agent: false,
    headers: { authorization, ...headers },
  })
}

async function open(method: string, path: string): Promise<IncomingMessage> {
  const sent = startRequest(method, path)
  sent.end()
  return answerOf(sent)
}

/** Sends no faster than the server takes it. */
async function send(
  method: string,
  path: string,
  body: Iterable<Buffer>,
  length?: number,
): Promise<IncomingMessage> {
  const headers = length === undefined ? {} : { 'content-length': length }
  const sent = startRequest(method, path, headers)
  const answer = answerOf(sent)
  for (const block of body) if (!sent.write(block)) await once(sent, 'drain')
  sent.end()
  return await answer
}

async function answerOf(sent: ClientRequest): Promise<IncomingMessage> {
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  return answer
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of answer) text += String(chunk)
  return text
}
