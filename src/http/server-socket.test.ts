import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import type { Config } from '#config.ts'
import { ecosystems } from '#ecosystems/index.ts'
import { serve } from '#runtime/serve.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { MANIFEST, openRegistry, type RegistryInProcess } from '#test/registry-in-process.ts'
import { testServerOptions } from '#test/served.ts'
import { createOperation, type Operation } from './operating.ts'
import { createFetch } from './server.ts'

interface Served {
  readonly url: string
  readonly operation: Operation
  stop(): Promise<void>
}

async function serveRegistry(
  { app }: RegistryInProcess,
  limits: Partial<Config['limits']> = {},
): Promise<Served> {
  app.cache.clear()
  const operation = createOperation(app)
  const options = testServerOptions()
  const limited = { ...options, limits: { ...options.limits, ...limits } }
  const server = await serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: createFetch(app, ecosystems, limited, operation),
    onError: () => new Response('internal error', { status: 500 }),
  })
  return { url: server.url, operation, stop: () => server.stop(200) }
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let i = 0; !isTrue(); i++) {
    if (i > 400) throw new Error('did not come true in 4 s')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

describe('over a socket', () => {
  let registry: RegistryInProcess
  const sockets: Socket[] = []
  before(async () => {
    registry = await openRegistry()
  })
  after(async () => {
    for (const socket of sockets) socket.destroy()
    await registry.test.close()
  })

  /** Begins an upload whose body never ends. */
  async function stall({ url }: Served, path: string): Promise<Socket> {
    const { host, hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    sockets.push(socket)
    socket.on('error', () => {})
    const lines = [
      `PATCH ${path} HTTP/1.1`,
      `Host: ${host}`,
      `Authorization: ${registry.basic}`,
      'Transfer-Encoding: chunked',
    ]
    socket.write(`${lines.join('\r\n')}\r\n\r\n5\r\nhello\r\n`)
    return socket
  }

  async function openUpload({ url }: Served): Promise<string> {
    const headers = { authorization: registry.basic }
    const response = await fetch(`${url}/v2/ann/app/blobs/uploads/`, { method: 'POST', headers })
    assert.equal(response.status, 202)
    return response.headers.get('location') ?? ''
  }

  test('uploads beyond the limit are sent away, reads are not', async () => {
    const served = await serveRegistry(registry, { maxConcurrentUploads: 1 })
    const stalled = await stall(served, await openUpload(served))
    const { traffic, metrics } = served.operation
    await until(() => traffic.uploads === 1)
    const headers = { authorization: registry.basic }
    const path = `${served.url}${await openUpload(served)}`
    const refused = await fetch(path, { method: 'PATCH', headers, body: 'hello' })
    assert.equal(refused.status, 503)
    assert.equal(refused.headers.get('retry-after'), '1')
    await refused.text()
    assert.equal((await fetch(`${served.url}${MANIFEST}`)).status, 200)
    stalled.destroy()
    await until(() => traffic.uploads === 0)
    assert.equal((await fetch(path, { method: 'PATCH', headers, body: 'hello' })).status, 202)
    await until(() => metrics.protocol('oci').bytesIn >= 10)
    await served.stop()
  })

  test('one address may only have so many requests under way', async () => {
    const served = await serveRegistry(registry, { maxConnectionsPerAddress: 2 })
    const stalled = [
      await stall(served, await openUpload(served)),
      await stall(served, await openUpload(served)),
    ]
    await until(() => served.operation.traffic.requests === 2)
    const refused = await fetch(`${served.url}/v2/_catalog`)
    assert.equal(refused.status, 429)
    assert.equal(refused.headers.get('retry-after'), '1')
    assert.equal((await fetch(`${served.url}/healthz`)).status, 200)
    for (const socket of stalled) socket.destroy()
    await until(() => served.operation.traffic.requests === 0)
    assert.equal((await fetch(`${served.url}/v2/_catalog`)).status, 200)
    await served.stop()
  })

  test('while draining, an answer ends its connection', async () => {
    const served = await serveRegistry(registry)
    served.operation.traffic.drain()
    const { host, hostname, port } = new URL(served.url)
    const socket = connect(Number(port), hostname)
    sockets.push(socket)
    let text = ''
    socket.on('data', (piece) => {
      text += piece
    })
    socket.write(`GET ${MANIFEST} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    await until(() => socket.closed || socket.readableEnded)
    assert.match(text, /^HTTP\/1.1 503 /)
    assert.match(text, /connection: close/i)
    await served.stop()
  })
})
