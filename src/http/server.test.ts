import assert from 'node:assert/strict'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { after, before, describe, test } from '#runtime/test.ts'
import { mediaTypes } from '#test/oci-client.ts'
import { MANIFEST, openRegistry, type RegistryInProcess } from '#test/registry-in-process.ts'
import { testServerOptions } from '#test/served.ts'

const TAGS = '/v2/ann/app/tags/list'

describe('answers', () => {
  let registry: RegistryInProcess
  before(async () => {
    registry = await openRegistry()
  })
  after(() => registry.test.close())

  test('from memory are the same as the first, but for the request id', async () => {
    const { call } = registry.withOptions({ cors: { origins: ['*'], maxAgeSeconds: 60 } })
    const first = await call(`${MANIFEST}?fresh=1`)
    const second = await call(`${MANIFEST}?fresh=1`)
    assert.ok(first.headers.get('x-request-id'))
    assert.equal(second.headers.get('x-request-id'), null)
    assert.equal(await first.text(), await second.text())
    const headersOf = ({ headers }: Response) => {
      const { 'x-request-id': _, 'content-length': _length, ...rest } = Object.fromEntries(headers)
      return rest
    }
    assert.deepEqual(headersOf(first), headersOf(second))
    assert.equal(second.headers.get('content-type'), mediaTypes.image)
    assert.equal(second.headers.get('content-encoding'), null)
  })

  test('HEAD, 304 and Range from memory', async () => {
    const { call } = registry
    const { byteLength } = await (await call(MANIFEST)).arrayBuffer()
    const head = await call(MANIFEST, { method: 'HEAD' })
    assert.equal(head.headers.get('content-length'), String(byteLength))
    assert.equal(await head.text(), '')
    const etag = head.headers.get('etag') ?? ''
    const same = await call(MANIFEST, { headers: { 'if-none-match': `"other", W/${etag}` } })
    assert.equal(same.status, 304)
    assert.equal(same.headers.get('etag'), etag)
    assert.equal(same.headers.get('content-type'), null)
    const range = await call(MANIFEST, { headers: { range: 'bytes=0-4' } })
    assert.equal(range.status, 206)
    assert.equal((await range.arrayBuffer()).byteLength, 5)
  })

  test('every one carries the security headers; errors are not stored', async () => {
    for (const path of [MANIFEST, MANIFEST, '/healthz', '/v2/', '/v2/x/y/tags/list', '/nothing']) {
      const { headers, status } = await registry.call(path)
      assert.equal(headers.get('x-content-type-options'), 'nosniff', path)
      assert.equal(headers.get('referrer-policy'), 'no-referrer', path)
      if (status >= 400) assert.equal(headers.get('cache-control'), 'no-store', path)
    }
  })

  test('nothing in them is made of Host', async () => {
    for (const path of [MANIFEST, TAGS, '/v2/', '/v2/_catalog?n=1', '/nothing', '/token']) {
      const response = await registry.call(path)
      const text = [...response.headers].join() + (await response.text())
      assert.equal(text.includes('registry.example'), false, path)
    }
  })
})

describe('packing', () => {
  let registry: RegistryInProcess
  before(async () => {
    registry = await openRegistry()
    const headers = { authorization: registry.basic, 'content-type': mediaTypes.image }
    const body = await (await registry.call(MANIFEST)).text()
    for (let i = 0; i < 60; i++) {
      const path = `/v2/ann/app/manifests/some-rather-long-name-of-a-tag-${i}`
      const response = await registry.call(path, { method: 'PUT', headers, body })
      assert.equal(response.status, 201)
    }
  })
  after(() => registry.test.close())

  async function bytesOf(encoding: string, path = TAGS) {
    const response = await registry.call(path, { headers: { 'accept-encoding': encoding } })
    return { response, bytes: new Uint8Array(await response.arrayBuffer()) }
  }

  /** Fails unless all three forms of the list are right, whoever made them. */
  async function checkForms(paths: readonly [string, string, string]): Promise<Response[]> {
    const plain = await bytesOf('identity', paths[0])
    assert.ok(plain.bytes.byteLength > 1024)
    const gzip = await bytesOf('gzip', paths[1])
    assert.equal(gzip.response.headers.get('content-encoding'), 'gzip')
    assert.deepEqual(new Uint8Array(gunzipSync(gzip.bytes)), plain.bytes)
    const br = await bytesOf('gzip, br', paths[2])
    assert.equal(br.response.headers.get('content-encoding'), 'br')
    assert.deepEqual(new Uint8Array(brotliDecompressSync(br.bytes)), plain.bytes)
    const responses = [plain, gzip, br].map(({ response }) => response)
    for (const { headers } of responses) assert.match(headers.get('vary') ?? '', /Accept-Encoding/)
    assert.equal(new Set(responses.map(({ headers }) => headers.get('etag'))).size, 3)
    return responses
  }

  test('long text is packed as asked, each form with its own ETag', async () => {
    const responses = await checkForms([`${TAGS}?n=1001`, `${TAGS}?n=1002`, `${TAGS}?n=1003`])
    for (const { headers } of responses) assert.ok(headers.get('x-request-id'))
  })

  test('and so it is from memory', async () => {
    await bytesOf('')
    for (let i = 0; i < 100; i++) {
      const { headers } = (await bytesOf('gzip')).response
      if (headers.has('content-encoding') && !headers.has('x-request-id')) break
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const [, gzip] = await checkForms([TAGS, TAGS, TAGS])
    assert.equal(gzip?.headers.get('x-request-id'), null)
    const etag = gzip?.headers.get('etag') ?? ''
    const ask = (encoding: string) => {
      const headers = { 'accept-encoding': encoding, 'if-none-match': etag }
      return registry.call(TAGS, { headers })
    }
    assert.equal((await ask('gzip')).status, 304)
    assert.equal((await ask('br')).status, 200)
  })

  test('a change is seen at once in every packing', async () => {
    const headers = { authorization: registry.basic }
    const path = '/v2/ann/app/manifests/some-rather-long-name-of-a-tag-7'
    assert.equal((await registry.call(path, { method: 'DELETE', headers })).status, 202)
    const { bytes } = await bytesOf('gzip')
    assert.equal(gunzipSync(bytes).toString().includes('tag-7"'), false)
  })
})

describe('CORS', () => {
  let registry: RegistryInProcess
  before(async () => {
    registry = await openRegistry()
  })
  after(() => registry.test.close())
  const page = 'https://pages.example'
  const preflight = {
    method: 'OPTIONS',
    headers: { origin: page, 'access-control-request-method': 'PUT' },
  }

  test('is off unless asked for', async () => {
    const response = await registry.call(MANIFEST, { headers: { origin: page } })
    assert.equal(response.headers.get('access-control-allow-origin'), null)
    assert.equal((await registry.call(MANIFEST, preflight)).status, 405)
  })

  test('for everybody: the same headers, never credentials', async () => {
    const { call } = registry.withOptions({ cors: { origins: ['*'], maxAgeSeconds: 60 } })
    for (const response of [
      await call(`${MANIFEST}?a`),
      await call(`${MANIFEST}?a`),
      await call('/v2/'),
    ]) {
      assert.equal(response.headers.get('access-control-allow-origin'), '*')
      assert.equal(response.headers.get('access-control-allow-credentials'), null)
      assert.match(
        response.headers.get('access-control-expose-headers') ?? '',
        /Docker-Content-Digest/,
      )
    }
    const answer = await call(MANIFEST, preflight)
    assert.equal(answer.status, 204)
    assert.match(answer.headers.get('access-control-allow-headers') ?? '', /Authorization/)
    assert.equal(answer.headers.get('access-control-max-age'), '60')
  })

  test('for listed origins: only those, also from memory', async () => {
    const { call } = registry.withOptions({ cors: { origins: [page], maxAgeSeconds: 60 } })
    for (let i = 0; i < 3; i++) {
      const allowed = await call(`${MANIFEST}?b`, { headers: { origin: page } })
      assert.equal(allowed.headers.get('access-control-allow-origin'), page)
      assert.match(allowed.headers.get('vary') ?? '', /Origin/)
      const other = await call(`${MANIFEST}?b`, { headers: { origin: 'https://evil.example' } })
      assert.equal(other.headers.get('access-control-allow-origin'), null)
      assert.match(other.headers.get('vary') ?? '', /Origin/)
    }
  })
})

describe('limits', () => {
  let registry: RegistryInProcess
  before(async () => {
    registry = await openRegistry()
  })
  after(() => registry.test.close())
  const { limits } = testServerOptions()

  test('a URL or headers that are too long are refused in the protocol’s form', async () => {
    const { call } = registry.withOptions({ limits: { ...limits, maxHeaderBytes: 1000 } })
    const url = await call(`/v2/_catalog?last=${'x'.repeat(20_000)}`)
    assert.equal(url.status, 414)
    assert.equal((await call('/v2/_catalog?last=a%00')).status, 400)
    const headers = await call('/v2/_catalog', { headers: { 'x-much': 'x'.repeat(1000) } })
    assert.equal(headers.status, 431)
    const { errors } = (await headers.json()) as { errors: unknown[] }
    assert.equal(errors.length, 1)
    assert.equal((await call('/v2/_catalog')).status, 200)
    const problem = await call('/nothing', { headers: { 'x-much': 'x'.repeat(1000) } })
    assert.equal(problem.status, 431)
    assert.equal(problem.headers.get('content-type'), 'application/problem+json')
  })

  test('a request that takes too long is given up', async () => {
    const slow = { ...registry.app.blobs, check: () => new Promise<void>(() => {}) }
    const { createFetch } = await import('./server.ts')
    const { ecosystems } = await import('#ecosystems/index.ts')
    const options = testServerOptions({ limits: { ...limits, requestTimeoutSeconds: 0.05 } })
    const answer = createFetch({ ...registry.app, blobs: slow }, ecosystems, options)
    const request = new Request('http://registry.example/readyz')
    const response = await answer(request, { remoteAddress: () => '127.0.0.1' })
    assert.equal(response.status, 503)
    assert.ok(response.headers.get('retry-after'))
  })
})
