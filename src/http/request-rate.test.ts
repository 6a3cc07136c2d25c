import assert from 'node:assert/strict'
import type { Rate, RateClass } from '#config.ts'
import { createToken } from '#core/tokens/create-token.ts'
import { ecosystems } from '#ecosystems/index.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { operator } from '#test/app.ts'
import { MANIFEST, openRegistry, type RegistryInProcess } from '#test/registry-in-process.ts'
import { testServerOptions } from '#test/served.ts'
import { limitOf } from './request-rate.ts'
import { createFetch } from './server.ts'

const FREE: Rate = { anonymous: 0, authenticated: 0 }

function rates(changes: Partial<Record<RateClass, Rate>>) {
  const general = { credential: FREE, write: FREE, read: FREE, ...changes }
  return { rates: { general, ecosystems: {} } }
}

const left = ({ headers }: Pick<Response, 'headers'>) => headers.get('x-ratelimit-remaining')

describe('request rates', () => {
  let registry: RegistryInProcess
  before(async () => {
    registry = await openRegistry()
  })
  after(() => registry.test.close())
  // Each test counts in a window of its own.
  const limited = (changes: Partial<Record<RateClass, Rate>>) => {
    registry.test.clock.advance(60)
    return registry.withOptions(rates(changes))
  }

  test('what applies: the operator’s word, the protocol’s own, the general rate', () => {
    const general = { credential: FREE, write: FREE, read: { anonymous: 1, authenticated: 2 } }
    const own = { id: 'ori', rates: { read: { anonymous: 100, authenticated: 1000 } } }
    const ori = { credential: {}, write: {}, read: { anonymous: 7 } }
    const rateIn = (configured: Record<string, typeof ori>, rated: { id: string }) =>
      limitOf({ general, ecosystems: configured }, rated, 'read').rate
    assert.deepEqual(rateIn({}, { id: 'oci' }), { anonymous: 1, authenticated: 2 })
    assert.deepEqual(rateIn({}, own), { anonymous: 100, authenticated: 1000 })
    assert.deepEqual(rateIn({ ori }, own), { anonymous: 7, authenticated: 1000 })
  })

  test('reads are counted per address block also when answered from memory', async () => {
    const { call, operation } = limited({ read: { anonymous: 3, authenticated: 0 } })
    const from = (peer: string) => call(MANIFEST, { peer })
    assert.deepEqual([left(await from('2001:db8::1')), left(await from('2001:db8::2'))], ['2', '1'])
    const last = await from('2001:db8::3')
    assert.equal(last.status, 200)
    assert.equal(last.headers.get('x-ratelimit-limit'), '3')
    const reset = Number(last.headers.get('x-ratelimit-reset')) * 1000
    assert.ok(reset > registry.test.clock.now.getTime())
    const refused = await from('2001:db8::4')
    assert.equal(refused.status, 429)
    assert.equal(left(refused), '0')
    assert.ok(Number(refused.headers.get('retry-after')) >= 1)
    const body = (await refused.json()) as { errors: Array<{ code: string }> }
    assert.equal(body.errors[0]?.code, 'TOOMANYREQUESTS')
    const { requests } = operation.metrics.protocol('oci')
    assert.deepEqual(
      [...requests],
      [
        ['GET 2xx', 1],
        ['GET 4xx', 1],
      ],
    )
    assert.equal(left(await from('192.0.2.1')), '2')
    const { basic } = registry
    const known = await call(MANIFEST, { peer: '2001:db8::1', headers: { authorization: basic } })
    assert.equal(known.status, 200)
    assert.equal(left(known), null)
  })

  test('tells it in the old headers and in those of the IETF, hot, refused or wrong', async () => {
    const { call } = limited({ read: { anonymous: 3, authenticated: 0 } })
    registry.test.clock.now = new Date('2026-03-01T00:00:10.250Z')
    const peer = '198.51.100.30'
    const paths = [MANIFEST, MANIFEST, '/v2/ann/nothing/manifests/x', MANIFEST]
    const told = []
    for (const path of paths) {
      const { status, headers } = await call(path, { peer })
      assert.equal(headers.get('x-ratelimit-limit'), '3')
      assert.equal(headers.get('x-ratelimit-reset'), String(Date.UTC(2026, 2, 1, 0, 1) / 1000))
      assert.equal(headers.get('ratelimit-policy'), '"oci:read";q=3;w=60')
      told.push([status, left({ headers }), headers.get('ratelimit'), headers.get('retry-after')])
    }
    assert.deepEqual(told, [
      [200, '2', '"oci:read";r=2;t=50', null],
      [200, '1', '"oci:read";r=1;t=50', null],
      [401, '0', '"oci:read";r=0;t=50', null],
      [429, '0', '"oci:read";r=0;t=50', '50'],
    ])
    const free = await limited({}).call(MANIFEST, { peer })
    assert.equal(free.headers.get('ratelimit'), null)
    assert.equal(free.headers.get('ratelimit-policy'), null)
  })

  test('a known credential is counted by itself, from memory or not', async () => {
    const { call, app } = limited({ read: { anonymous: 1, authenticated: 5 } })
    const { secret } = await createToken(
      app,
      operator,
      { user: 'ann' },
      { name: 'b', scopes: ['read'] },
    )
    const one = { authorization: registry.basic }
    const two = { authorization: `Bearer ${secret}` }
    for (const remaining of ['4', '3', '2']) {
      assert.equal(left(await call(MANIFEST, { headers: one })), remaining)
    }
    assert.equal(left(await call(MANIFEST, { headers: two })), '4')
    assert.equal(left(await call(MANIFEST, { headers: two })), '3')
  })

  test('an upload counts once, whatever its chunks', async () => {
    const { call, basic } = limited({ write: { anonymous: 1, authenticated: 2 } })
    const headers = { authorization: basic }
    const opened = await call('/v2/ann/app/blobs/uploads/', { method: 'POST', headers })
    assert.equal(opened.status, 202)
    assert.equal(left(opened), '1')
    const path = opened.headers.get('location') ?? ''
    for (const body of ['abc', 'def', 'ghi']) {
      const patched = await call(path, { method: 'PATCH', headers, body })
      assert.equal(patched.status, 202)
      assert.equal(left(patched), null)
    }
    assert.equal((await call(path, { method: 'DELETE', headers })).status, 204)
    const again = { method: 'POST', headers }
    assert.equal(left(await call('/v2/ann/app/blobs/uploads/', again)), '0')
    assert.equal((await call('/v2/ann/app/blobs/uploads/', again)).status, 429)
  })

  test('asking for tokens is its own class; wrong credentials count as the address’', async () => {
    const { call, basic } = limited({ credential: { anonymous: 3, authenticated: 9 } })
    assert.equal(left(await call('/token')), '2')
    assert.equal(left(await call('/token?scope=x', { headers: { authorization: basic } })), '8')
    const wrong = await call('/token', { headers: { authorization: 'Bearer wrong' } })
    assert.equal(wrong.status, 401)
    assert.equal(left(wrong), '1')
    await call('/token')
    assert.equal((await call('/token')).status, 429)
    assert.equal(left(await call('/v2/_catalog')), null)
  })

  test('the class is that of the path, whatever its letters look like and the query says', () => {
    const classOf = (id: string, path: string) => {
      const rated = ecosystems.find((one) => one.id === id)
      return rated?.rateClass?.({ method: 'POST', url: `http://registry.example${path}` })
    }
    assert.equal(classOf('gren', '/gren/session'), 'credential')
    assert.equal(classOf('gren', '/gren/session?x=.git/git-upload-pack'), 'credential')
    assert.equal(classOf('elba', '/elba/index.git/git-upload-pack'), 'read')
    assert.equal(classOf('elba', '/elba/api/v1/users/login?x=.git/git-upload-pack'), 'credential')
    assert.equal(classOf('oci', '/v2/ann/app/blobs/uploads/?digest=/blobs/uploads/x'), undefined)
    assert.equal(classOf('oci', '/v2/ann/app/blobs/uploads/x?digest=y'), 'uncounted')
  })

  test('an escaped letter is no way around a limit', async () => {
    const { call } = limited({
      credential: { anonymous: 3, authenticated: 9 },
      write: { anonymous: 100, authenticated: 100 },
    })
    const options = { method: 'POST', body: '{}', peer: '198.51.100.77' }
    assert.equal(left(await call('/gren/session', options)), '2')
    assert.equal(left(await call('/gren/sessio%6e', options)), '1')
    assert.equal(left(await call('/gren/%73ession%2ff', options)), '99')
  })

  test('errors of limited requests tell where the caller stands', async () => {
    const { call } = limited({ write: { anonymous: 5, authenticated: 5 } })
    const response = await call('/v2/nobody/app/manifests/x', { method: 'PUT', body: '{}' })
    assert.ok(response.status >= 400)
    assert.equal(left(response), '4')
  })

  test('two processes on one database count together', async () => {
    const { call } = limited({ read: { anonymous: 4, authenticated: 0 } })
    const twin = await registry.test.openTwin()
    const options = testServerOptions(rates({ read: { anonymous: 4, authenticated: 0 } }))
    const twinCall = createFetch(twin, ecosystems, options)
    const peer = '198.51.100.20'
    const connection = { remoteAddress: () => peer }
    const request = () => new Request(`http://registry.example${MANIFEST}`)
    const answers = [
      await call(MANIFEST, { peer }),
      await twinCall(request(), connection),
      await call(MANIFEST, { peer }),
      await twinCall(request(), connection),
      await call(MANIFEST, { peer }),
    ]
    assert.deepEqual(answers.map(left), ['3', '2', '1', '0', '0'])
    assert.equal(answers[4]?.status, 429)
  })
})
