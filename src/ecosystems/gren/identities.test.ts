import assert from 'node:assert/strict'
import type { App, Log } from '#core/app.ts'
import { ecosystems } from '#ecosystems/index.ts'
import { createFetch } from '#http/server.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { credential, type Person, person } from '#test/actors.ts'
import { openTestApp, type TestApp } from '#test/app.ts'
import { testServerOptions } from '#test/served.ts'

const MISSING = 'Request json must contain a non-empty `session` and `name` field.'
const INVALID = 'Invalid session token.'

interface Call {
  readonly as?: Person
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

describe('publishing identities', () => {
  let t: TestApp
  let ann: Person
  let bob: Person
  let eve: Person
  let boss: Person
  let fetch: ReturnType<typeof createFetch>
  const lines: string[] = []

  before(async () => {
    t = await openTestApp()
    ann = await person(t.app, 'ann')
    bob = await person(t.app, 'bob')
    eve = await person(t.app, 'eve')
    boss = await person(t.app, 'boss', { isOperator: true })
    const keep = (fields: object, message: string) => {
      lines.push(JSON.stringify([fields, message]))
    }
    const log: Log = { debug: keep, info: keep, warn: keep, error: keep }
    const app: App = { ...t.app, log }
    fetch = createFetch(app, ecosystems, testServerOptions())
  })
  after(() => t.close())

  async function call(method: string, path: string, { as, body, headers = {} }: Call = {}) {
    const request = new Request(`http://127.0.0.1:7080/gren${path}`, {
      method,
      headers: { ...(as && { authorization: `Bearer ${as.secret}` }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const answer = await fetch(request, { remoteAddress: () => '192.0.2.7' })
    const text = await answer.text()
    const type = answer.headers.get('content-type') ?? ''
    return { status: answer.status, type, text, json: () => JSON.parse(text) }
  }

  const create = async (name: unknown, session: unknown = ann.secret) => {
    const { status, text } = await call('POST', '/publishing-identity', { body: { session, name } })
    return [status, text]
  }
  const users = async (identity: string, as: Person) => {
    const { json } = await call('GET', `/publishing-identity/${identity}/users`, { as })
    return json().users
  }

  test('as upstream: the session is in the body, the answer empty, the maker admin', async () => {
    assert.deepEqual(await create('Acme-1'), [200, ''])
    const path = '/publishing-identity/ACME-1'
    const { createdAt, ...seen } = (await call('GET', path, { as: ann })).json()
    assert.deepEqual(seen, { name: 'acme-1', role: 'admin' })
    assert.equal(createdAt, t.clock.now.toISOString())
    const stranger = (await call('GET', path)).json()
    assert.deepEqual(stranger, { name: 'acme-1', createdAt })
    assert.equal((await call('GET', '/publishing-identity/nope')).status, 404)
  })

  test('as upstream: its texts for what is missing, wrong or taken', async () => {
    for (const body of [
      '',
      'nonsense',
      '[]',
      'null',
      '{}',
      { name: 'x' },
      { session: 'x' },
      { session: '', name: 'x' },
      { session: ann.secret, name: '' },
      { session: ann.secret, name: 7 },
    ]) {
      const { status, type, text } = await call('POST', '/publishing-identity', { body })
      assert.deepEqual([status, text], [400, MISSING], JSON.stringify(body))
      assert.equal(type, 'text/plain; charset=utf-8')
    }
    assert.deepEqual(await create('fresh', 'wrong'), [400, INVALID])
    assert.deepEqual(await create('acme-1', 'wrong'), [400, INVALID])
    assert.deepEqual(await create('ACME-1'), [400, INVALID])
    assert.deepEqual(await create('acme-1', bob.secret), [400, INVALID])
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const { status, text } = await call(method, '/publishing-identity')
      assert.deepEqual([status, text], [404, 'not found'])
    }
  })

  test('guessing sessions in bodies ends like guessing credentials', async () => {
    const guess = () =>
      fetch(
        new Request('http://127.0.0.1:7080/gren/publishing-identity', {
          method: 'POST',
          body: JSON.stringify({ session: 'guess', name: 'guessed' }),
        }),
        { remoteAddress: () => '198.51.100.1' },
      )
    const statuses = []
    for (let i = 0; i < 22; i++) statuses.push((await guess()).status)
    assert.equal(statuses[0], 400)
    assert.equal(statuses.at(-1), 429)
  })

  test('a name follows the rule of authors, is not reserved, and gren-lang takes an operator', async () => {
    for (const name of ['-a', 'a-', 'a--b', 'a_b', 'a.b', 'a/b', 'ä', 'a'.repeat(40), ' a']) {
      const [status, text] = await create(name)
      assert.equal(status, 400)
      assert.match(String(text), /is no publishing identity: the author/, name)
    }
    for (const name of ['api', 'gren', 'package', 'Session', 'publishing-identity', 'v2']) {
      assert.deepEqual(await create(name), [400, `the name ${name} is reserved`])
    }
    const [status, text] = await create('Gren-Lang')
    assert.deepEqual(
      [status, JSON.parse(String(text))],
      [403, { message: 'the name gren-lang is kept for operators' }],
    )
    assert.deepEqual(await create('gren-lang', boss.secret), [200, ''])
    assert.deepEqual(await create('a'.repeat(39)), [200, ''])
    assert.deepEqual(await create('0x'), [200, ''])
  })

  test('a credential that is limited makes none', async () => {
    const reader = await credential(t.app, { user: 'ann' }, { scopes: ['read'] })
    const robot = await credential(t.app, { namespace: 'acme-1', role: 'publisher' })
    for (const { secret } of [reader, robot]) assert.equal((await create('more', secret))[0], 403)
  })

  test('the session is found in Authorization, in Basic, in the query, or in the body', async () => {
    const path = '/publishing-identity/acme-1'
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
    const { secret } = ann
    for (const [at, headers] of [
      [path, { authorization: `Bearer ${secret}` }],
      [path, { authorization: basic(`ann@example.org:${secret}`) }],
      [path, { authorization: basic(`${secret}:`) }],
      [`${path}?session=${secret}`, {}],
      // The header counts.
      [`${path}?session=wrong`, { authorization: `Bearer ${secret}` }],
    ] as const) {
      assert.equal((await call('GET', at, { headers })).json().role, 'admin')
    }
    assert.equal((await call('GET', `${path}?session=`)).json().role, undefined)
    assert.equal((await call('GET', `${path}?session=wrong`)).status, 401)
    assert.equal((await call('GET', path, { headers: { authorization: basic(':') } })).status, 401)
    const made = await call('POST', '/publishing-identity', {
      as: ann,
      body: { name: 'by-header' },
    })
    assert.deepEqual([made.status, made.text], [200, ''])
  })

  test('users come with a role, change it and go; who has no account waits', async () => {
    const at = (email: string) => `/publishing-identity/acme-1/users/${encodeURIComponent(email)}`
    const put = async (email: string, role: string) => {
      const { status, json } = await call('PUT', at(email), { as: ann, body: { role } })
      return [status, json()]
    }
    const active = { email: 'bob@example.org', role: 'publish', status: 'active' }
    assert.deepEqual(await put('bob@example.org', 'publish'), [200, active])
    const pending = { email: 'zoe@example.org', role: 'download', status: 'pending' }
    assert.deepEqual(await put('zoe@example.org', 'admin'), [200, { ...pending, role: 'admin' }])
    assert.deepEqual(await put('zoe@example.org', 'download'), [200, pending])
    const expiresAt = new Date(t.clock.now.getTime() + 30 * 86_400_000).toISOString()
    assert.deepEqual(await users('acme-1', ann), [
      { user: 'ann', email: 'ann@example.org', role: 'admin', status: 'active' },
      { user: 'bob', ...active },
      { ...pending, expiresAt },
    ])
    assert.deepEqual(await users('acme-1', bob), [
      { user: 'ann', role: 'admin', status: 'active' },
      { user: 'bob', role: 'publish', status: 'active' },
    ])
    const read = async (email: string, as: Person) => {
      const { status, json } = await call('GET', at(email), { as })
      return [status, json()]
    }
    assert.deepEqual(await read('BOB@example.org', ann), [200, { user: 'bob', ...active }])
    assert.deepEqual(await read('bob@example.org', bob), [200, { user: 'bob', ...active }])
    assert.deepEqual(await read('Zoe@example.org', ann), [200, pending])
    assert.equal((await read('ann@example.org', bob))[0], 403)
    assert.equal((await read('eve@example.org', ann))[0], 404)

    for (const email of ['zoe@example.org', 'bob@example.org']) {
      const { status, json } = await call('DELETE', at(email), { as: ann })
      assert.deepEqual([status, json()], [200, { email, removed: true }])
      assert.equal((await call('DELETE', at(email), { as: ann })).status, 404)
    }
    assert.equal((await users('acme-1', ann)).length, 1)
    assert.deepEqual((await put('ann@example.org', 'publish'))[0], 409)
    assert.equal((await call('DELETE', at('ann@example.org'), { as: ann })).status, 409)
    for (const body of [{ role: 'reader' }, {}, 'x']) {
      const { status, json } = await call('PUT', at('bob@example.org'), { as: ann, body })
      assert.deepEqual(
        [status, json().message],
        [400, 'the body must be {"role": …} with download, publish or admin'],
      )
    }
    assert.equal((await put('no address', 'admin'))[0], 400)
  })

  test('only admins manage users; strangers find nothing, anonymous callers are asked who they are', async () => {
    const path = '/publishing-identity/acme-1/users/cid%40example.org'
    await call('PUT', '/publishing-identity/acme-1/users/bob%40example.org', {
      as: ann,
      body: { role: 'publish' },
    })
    const body = { role: 'admin' }
    for (const [method, sent] of [
      ['GET', undefined],
      ['PUT', body],
      ['DELETE', undefined],
    ] as const) {
      const more = sent && { body: sent }
      assert.equal((await call(method, path, { ...more })).status, 401)
      assert.equal((await call(method, path, { as: eve, ...more })).status, 404)
      assert.equal((await call(method, path, { as: bob, ...more })).status, 403)
    }
    assert.equal((await call('GET', '/publishing-identity/acme-1/users')).status, 401)
    assert.equal((await call('GET', '/publishing-identity/acme-1/users', { as: eve })).status, 403)
    const leaving = '/publishing-identity/acme-1/users/bob%40example.org'
    assert.equal((await call('DELETE', leaving, { as: bob })).status, 200)
  })

  test('two admins who remove each other at once leave one', async () => {
    const at = (email: string) => `/publishing-identity/acme-1/users/${encodeURIComponent(email)}`
    await call('PUT', at('bob@example.org'), { as: ann, body: { role: 'admin' } })
    const answers = await Promise.all([
      call('DELETE', at('bob@example.org'), { as: ann }),
      call('DELETE', at('ann@example.org'), { as: bob }),
    ])
    const statuses = answers.map(({ status }) => status).sort()
    // Who came second is the last admin, or already nobody there.
    assert.equal(statuses[0], 200)
    assert.ok([404, 409].includes(statuses[1] ?? 0), `${statuses}`)
    const [left] = await Promise.all([ann, bob].map((one) => users('acme-1', one).catch(() => [])))
    const all = left?.length ? left : await users('acme-1', bob)
    assert.equal(all.filter(({ role }: { role: string }) => role === 'admin').length, 1)
  })

  test('other methods are refused with those there are', async () => {
    const { status } = await call('PATCH', '/publishing-identity/acme-1/users/x', { as: ann })
    assert.equal(status, 405)
    assert.equal((await call('POST', '/publishing-identity/acme-1', { as: ann })).status, 405)
    assert.equal((await call('POST', '/publishing-identity/acme-1/users', { as: ann })).status, 405)
  })

  test('a session is in no line of the log, wherever it was shown', async () => {
    for (const path of [`/x?session=${ann.secret}`, `/x/${ann.secret}`, `/${ann.secret}?a#b`]) {
      assert.equal((await call('GET', path)).status, 404)
    }
    assert.ok(lines.length > 50, `${lines.length} lines`)
    assert.ok(lines.some((line) => line.includes('"path":"/gren/publishing-identity/acme-1"')))
    for (const { secret } of [ann, bob, eve, boss]) {
      assert.ok(!lines.some((line) => line.includes(secret)))
    }
    assert.ok(!lines.some((line) => /session=/.test(line)))
  })
})
