import assert from 'node:assert/strict'
import { ecosystems } from '#ecosystems/index.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { MANIFEST, openRegistry, type RegistryInProcess } from '#test/registry-in-process.ts'
import { testServerOptions } from '#test/served.ts'
import { createOperation } from './operating.ts'
import { createFetch } from './server.ts'

async function metric(registry: RegistryInProcess, line: string): Promise<number | undefined> {
  const text = await (await registry.call('/metrics')).text()
  const found = text.split('\n').find((one) => one.startsWith(`${line} `))
  return found === undefined ? undefined : Number(found.slice(line.length + 1))
}

describe('health', () => {
  let registry: RegistryInProcess
  before(async () => {
    registry = await openRegistry()
  })
  after(() => registry.test.close())

  test('/healthz says that the process lives, GET and HEAD', async () => {
    const response = await registry.call('/healthz')
    assert.equal(response.status, 200)
    assert.deepEqual(await response.json(), { status: 'ok' })
    assert.equal(response.headers.get('cache-control'), 'no-store')
    assert.equal((await registry.call('/healthz', { method: 'HEAD' })).status, 200)
  })

  test('another method is 405 with Allow', async () => {
    const response = await registry.call('/readyz', { method: 'DELETE' })
    assert.equal(response.status, 405)
    assert.equal(response.headers.get('allow'), 'GET, HEAD')
    assert.equal(response.headers.get('content-type'), 'application/problem+json')
  })

  test('/readyz is 200 while database and store work', async () => {
    const response = await registry.call('/readyz')
    assert.equal(response.status, 200)
    assert.deepEqual(await response.json(), { status: 'ready' })
  })

  test('/readyz names what fails, and asks no more than once a second', async () => {
    let asked = 0
    const blobs = Object.create(registry.app.blobs, {
      check: {
        value: async () => {
          asked++
          throw new Error('disk gone')
        },
      },
    })
    const app = { ...registry.app, blobs }
    const answer = createFetch(app, ecosystems, testServerOptions())
    const ask = () =>
      answer(new Request('http://registry.example/readyz'), { remoteAddress: () => '127.0.0.1' })
    const responses = await Promise.all([ask(), ask(), ask()])
    for (const response of responses) {
      assert.equal(response.status, 503)
      assert.equal(response.headers.get('retry-after'), '2')
      const body = (await response.json()) as Record<string, unknown>
      assert.equal(body.code, 'unavailable')
      assert.deepEqual(body.failing, ['blobs'])
      assert.equal(JSON.stringify(body).includes('disk gone'), false)
    }
    assert.equal(asked, 1)
  })
})

describe('draining', () => {
  test('refuses, closes connections and is not ready; health and metrics still answer', async () => {
    const registry = await openRegistry()
    try {
      assert.equal((await registry.call(MANIFEST)).status, 200)
      registry.operation.traffic.drain()
      const response = await registry.call(MANIFEST)
      assert.equal(response.status, 503)
      assert.equal(response.headers.get('connection'), 'close')
      assert.equal(response.headers.get('retry-after'), '5')
      const { errors } = (await response.json()) as { errors: Array<{ message: string }> }
      assert.equal(errors[0]?.message, 'the server is stopping')
      assert.equal((await registry.call('/readyz')).status, 503)
      assert.equal((await registry.call('/healthz')).status, 200)
      assert.equal(await metric(registry, 'entrepot_draining'), 1)
    } finally {
      await registry.test.close()
    }
  })
})

describe('metrics', () => {
  let registry: RegistryInProcess
  before(async () => {
    registry = await openRegistry()
  })
  after(() => registry.test.close())

  test('requests are counted once, from memory or not', async () => {
    const fresh = registry.withOptions({})
    const { size } = await (await fresh.call(MANIFEST)).blob()
    const { etag = '' } = Object.fromEntries((await fresh.call(MANIFEST)).headers)
    await fresh.call(MANIFEST, { method: 'HEAD' })
    assert.equal((await fresh.call(MANIFEST, { headers: { 'if-none-match': etag } })).status, 304)
    assert.equal((await fresh.call('/v2/ann/app/manifests/none')).status, 404)
    const requests = 'entrepot_http_requests_total{protocol="oci",method='
    assert.equal(await metric(fresh, `${requests}"GET",status="2xx"}`), 2)
    assert.equal(await metric(fresh, `${requests}"HEAD",status="2xx"}`), 1)
    assert.equal(await metric(fresh, `${requests}"GET",status="3xx"}`), 1)
    assert.equal(await metric(fresh, `${requests}"GET",status="4xx"}`), 1)
    const hits = await metric(fresh, 'entrepot_hot_hits_total{protocol="oci"}')
    const misses = await metric(fresh, 'entrepot_hot_misses_total{protocol="oci"}')
    assert.equal((hits ?? 0) + (misses ?? 0), 4)
    assert.ok((hits ?? 0) >= 3)
    assert.ok(
      ((await metric(fresh, 'entrepot_http_sent_bytes_total{protocol="oci"}')) ?? 0) >= size,
    )
  })

  test('tells of cache, jobs, collection, process and latency', async () => {
    const fresh = registry.withOptions({})
    fresh.operation.metrics.noteCollection({ reclaimedBytes: 42, isComplete: true })
    await fresh.call('/v2/')
    await fresh.call(MANIFEST)
    assert.ok(((await metric(fresh, 'entrepot_cache_entries')) ?? 0) > 0)
    assert.equal(await metric(fresh, 'entrepot_database_up'), 1)
    assert.equal(await metric(fresh, 'entrepot_gc_reclaimable_bytes'), 0)
    assert.equal(await metric(fresh, 'entrepot_gc_reclaimed_bytes'), 42)
    const at = registry.test.clock.now.getTime() / 1000
    assert.equal(await metric(fresh, 'entrepot_gc_last_run_timestamp_seconds'), at)
    assert.ok(((await metric(fresh, 'process_cpu_seconds_total')) ?? 0) > 0)
    assert.ok(((await metric(fresh, 'process_resident_memory_bytes')) ?? 0) > 1e6)
    const seconds = 'entrepot_http_request_seconds_count{protocol="oci"}'
    assert.equal(await metric(fresh, seconds), 2)
  })

  test('a pool tells how busy it is', async () => {
    const operation = createOperation(registry.app, () => ({ total: 5, idle: 2, waiting: 1 }))
    const { text } = await operation.metrics.render()
    assert.match(text, /entrepot_database_connections\{state="busy"\} 3/)
    assert.match(text, /entrepot_database_connections\{state="waiting"\} 1/)
  })

  test('asks for its token, if it has one', async () => {
    const guarded = registry.withOptions({ metricsToken: 'a-long-metrics-token' })
    const ask = async (authorization?: string) =>
      (await guarded.call('/metrics', { headers: authorization ? { authorization } : {} })).status
    assert.equal(await ask(), 401)
    assert.equal(await ask('Bearer wrong'), 401)
    assert.equal(await ask('Basic a-long-metrics-token'), 401)
    assert.equal(await ask('Bearer a-long-metrics-token'), 200)
  })
})

describe('log', () => {
  test('one line per request, without queries, secrets or hits', async () => {
    const registry = await openRegistry()
    try {
      const { call, lines, basic } = registry
      await call(MANIFEST)
      lines.length = 0
      await call(MANIFEST)
      assert.deepEqual(lines, [])
      const path = '/v2/ann/app/blobs/uploads/'
      const id = { 'x-request-id': 'my-request-1' }
      const headers = { authorization: basic, ...id }
      const response = await call(`${path}?token=secret`, { method: 'POST', headers })
      assert.equal(response.headers.get('x-request-id'), 'my-request-1')
      assert.equal(lines.length, 1)
      const [{ ms, ...line } = { ms: undefined }] = lines
      assert.equal(typeof ms, 'number')
      assert.deepEqual(line, {
        level: 'info',
        message: 'request',
        requestId: 'my-request-1',
        protocol: 'oci',
        method: 'POST',
        path,
        status: 202,
        bytesIn: 0,
        bytesOut: 0,
        actor: 'user:ann',
        address: '127.0.0.1',
      })
      lines.length = 0
      await call('/v2/_catalog')
      await call('/v2/ann/app/manifests/none')
      assert.deepEqual(
        lines.map(({ level, status }) => [level, status]),
        [
          ['debug', 200],
          ['info', 404],
        ],
      )
    } finally {
      await registry.test.close()
    }
  })
})
