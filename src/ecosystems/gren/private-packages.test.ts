import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import { revokeToken } from '#core/tokens/revoke-token.ts'
import { ecosystems } from '#ecosystems/index.ts'
import { createFetch } from '#http/server.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { type Person, person } from '#test/actors.ts'
import { openTestApp, operator, type TestApp } from '#test/app.ts'
import { testServerOptions } from '#test/served.ts'

const SECRET = '/gren/package/acme/secret'
const VISIBILITY = '/api/v1/packages/gren/acme/secret'
/** Everything that tells of a version. */
const READS = ['/versions', '/latest?compiler=0.6.3', '/1.0.0/outline', '/1.0.0/bundle']

describe('the three levels of a publishing identity', () => {
  let t: TestApp
  let ann: Person
  let pat: Person
  let rae: Person
  let eve: Person
  let fetch: ReturnType<typeof createFetch>

  // Ann is the admin, Pat may publish, Rae may download, Eve is a stranger.
  before(async () => {
    t = await openTestApp()
    ann = await person(t.app, 'ann')
    pat = await person(t.app, 'pat')
    rae = await person(t.app, 'rae')
    eve = await person(t.app, 'eve')
    fetch = createFetch(t.app, ecosystems, testServerOptions())
    const body = { session: ann.secret, name: 'acme' }
    assert.equal(await status('POST', '/gren/publishing-identity', { body }), 200)
    await setRole('pat', 'publish')
    await setRole('rae', 'download')
    const { status: published } = await publish('secret', '1.0.0', ann.secret)
    assert.equal(published, 201)
  })
  after(() => t.close())

  interface Sent {
    readonly secret?: string | undefined
    /** Sent as JSON; bytes as they are. */
    readonly body?: object
  }

  async function call(method: string, path: string, { secret, body }: Sent = {}) {
    const request = new Request(`http://127.0.0.1:7080${path}`, {
      method,
      headers: {
        ...(secret !== undefined && { authorization: `Bearer ${secret}` }),
        ...(body && !(body instanceof Uint8Array) && { 'content-type': 'application/json' }),
      },
      ...(body && { body: body instanceof Uint8Array ? (body as never) : JSON.stringify(body) }),
    })
    const answer = await fetch(request, { remoteAddress: () => '192.0.2.7' })
    return { status: answer.status, text: await answer.text() }
  }
  const status = async (method: string, path: string, sent: Sent = {}) =>
    (await call(method, path, sent)).status
  const setRole = async (name: string, role: string) => {
    const path = `/gren/publishing-identity/acme/users/${name}%40example.org`
    assert.equal(await status('PUT', path, { secret: ann.secret, body: { role } }), 200)
  }
  const publish = (project: string, version: string, secret?: string) => {
    const outline = {
      type: 'package',
      platform: 'common',
      name: `acme/${project}`,
      summary: 'Says nothing to strangers',
      license: 'BSD-3-Clause',
      version,
      'exposed-modules': ['Secret'],
      'gren-version': '0.6.0 <= v < 0.7.0',
      dependencies: {},
      private: true,
    }
    const sources = { Secret: `module Secret exposing (..)\n\n\nanswer = "${version}"\n` }
    const body = gzipSync(JSON.stringify({ outline, sources }))
    return call('PUT', `/gren/package/acme/${project}/${version}`, { secret, body })
  }

  test('download: who has a role reads what is private; to others it is not there', async () => {
    for (const rest of READS) {
      for (const { secret } of [ann, pat, rae]) {
        assert.equal(await status('GET', `${SECRET}${rest}`, { secret }), 200, rest)
      }
      for (const secret of [eve.secret, undefined]) {
        const there = await call('GET', `${SECRET}${rest}`, { secret })
        const missing = await call('GET', `/gren/package/acme/missing${rest}`, { secret })
        assert.equal(there.status, 404, rest)
        assert.equal(there.text.replace('secret', 'missing'), missing.text)
      }
    }
  })

  test('download: git’s user name and password, and the query, do as well', async () => {
    const basic = Buffer.from(`rae@example.org:${rae.secret}`).toString('base64')
    const request = new Request(`http://127.0.0.1:7080${SECRET}/1.0.0/bundle`, {
      headers: { authorization: `Basic ${basic}` },
    })
    const answer = await fetch(request, { remoteAddress: () => '192.0.2.7' })
    assert.equal(answer.status, 200)
    assert.equal(await status('GET', `${SECRET}/versions?session=${rae.secret}`), 200)
    assert.equal(await status('GET', `${SECRET}/versions?session=${eve.secret}`), 404)
    assert.equal(await status('GET', `${SECRET}/versions`), 404)
  })

  test('publish: readers and strangers may not, neither versions nor packages', async () => {
    assert.equal((await publish('secret', '1.0.1')).status, 401)
    assert.equal((await publish('secret', '1.0.1', rae.secret)).status, 403)
    assert.equal((await publish('other', '1.0.0', rae.secret)).status, 403)
    // To a stranger a private package and one that is not there are the same.
    const [there, missing] = [
      await publish('secret', '1.0.1', eve.secret),
      await publish('other', '1.0.0', eve.secret),
    ]
    assert.equal(there.status, 403)
    assert.deepEqual(there, missing)
    assert.equal((await publish('secret', '1.0.1', pat.secret)).status, 201)
    assert.equal((await publish('other', '1.0.0', pat.secret)).status, 201)
    const { text } = await call('GET', `${SECRET}/versions`, { secret: rae.secret })
    assert.deepEqual(JSON.parse(text), ['1.0.0', '1.0.1'])
  })

  test('admin: only admins say who is what, and who may read a package', async () => {
    const users = '/gren/publishing-identity/acme/users/rae%40example.org'
    for (const { secret } of [pat, rae]) {
      const body = { role: 'admin' }
      assert.equal(await status('PUT', users, { secret, body }), 403)
      assert.equal(
        await status('PATCH', VISIBILITY, { secret, body: { visibility: 'public' } }),
        403,
      )
    }
    const { secret } = ann
    const show = (visibility: string) =>
      status('PATCH', VISIBILITY, { secret, body: { visibility } })
    assert.equal(await show('public'), 200)
    for (const rest of READS) assert.equal(await status('GET', `${SECRET}${rest}`), 200)
    assert.equal(await show('private'), 200)
    for (const rest of READS) assert.equal(await status('GET', `${SECRET}${rest}`), 404)
  })

  test('a role that is taken away or lowered counts no more from then on', async () => {
    await setRole('rae', 'publish')
    const sent = await publish('secret', '1.0.2', rae.secret)
    assert.equal(sent.status, 201, sent.text)
    await setRole('rae', 'download')
    assert.equal((await publish('secret', '1.0.3', rae.secret)).status, 403)
    const { secret } = rae
    assert.equal(await status('GET', `${SECRET}/versions`, { secret }), 200)
    const own = '/gren/publishing-identity/acme/users/rae%40example.org'
    assert.equal(await status('DELETE', own, { secret: ann.secret }), 200)
    assert.equal(await status('GET', `${SECRET}/versions`, { secret }), 404)
    assert.equal(await status('GET', `${SECRET}/1.0.0/bundle`, { secret }), 404)
  })

  test('who is invited without an account reads what is private once they sign in', async () => {
    const email = 'Zoe@example.net'
    const path = `/gren/publishing-identity/acme/users/${encodeURIComponent(email)}`
    const body = { role: 'download' }
    const invited = await call('PUT', path, { secret: ann.secret, body })
    assert.equal(JSON.parse(invited.text).status, 'pending')
    const started = await call('POST', '/gren/session', { body: { email } })
    const { fetchSessionToken } = JSON.parse(started.text)
    const code = /confirmation code is: (\w{8})/.exec(t.mail.sent.at(-1)?.text ?? '')?.[1]
    const proof = { fetchSessionToken, emailConfirmationCode: code }
    const fetched = await call('POST', '/gren/session/fetch', { body: proof })
    const secret: string = JSON.parse(fetched.text).sessionToken
    assert.equal(await status('GET', `${SECRET}/1.0.0/bundle`, { secret }), 200)
    assert.equal((await publish('secret', '1.0.3', secret)).status, 403)
    const { text } = await call('GET', path, { secret: ann.secret })
    assert.deepEqual(JSON.parse(text), { email, user: 'zoe', role: 'download', status: 'active' })
  })

  test('what is public is not kept in memory under an address that holds a session', async () => {
    const body = { visibility: 'public' }
    assert.equal(await status('PATCH', VISIBILITY, { secret: ann.secret, body }), 200)
    const path = `${SECRET}/versions?session=${eve.secret}`
    assert.equal(await status('GET', path), 200)
    assert.equal(await status('GET', path), 200)
    await revokeToken(t.app, operator, eve.tokenId)
    assert.equal(await status('GET', path), 401)
  })
})
