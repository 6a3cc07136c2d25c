import assert from 'node:assert/strict'
import { ecosystems } from '#ecosystems/index.ts'
import { createFetch } from '#http/server.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { credential } from '#test/actors.ts'
import { type ElbaWorld, openElbaWorld, packElba, tagOf } from '#test/elba-world.ts'
import { testServerOptions } from '#test/served.ts'

const AT = '2026-01-01T00:00:00.000000+00:00'

describe('elba users and tokens', () => {
  let w: ElbaWorld
  let annId: number
  before(async () => {
    w = await openElbaWorld()
    annId = (await w.ann.actor()).userId ?? 0
  })
  after(() => w.t.close())

  const cookieIn = (headers: Headers) => headers.get('set-cookie')?.split(';')[0] ?? ''
  const session = async (secret = w.ann.secret) => {
    const { headers } = await w.elba('GET', `/users/login?token=${secret}`)
    return { cookie: cookieIn(headers) }
  }
  const ann = (email = '') => ({ id: annId, email, name: 'ann', avatar: null })

  test('a token becomes a session: by query, body or Bearer', async () => {
    for (const answer of [
      await w.elba('GET', `/users/login?token=${w.ann.secret}`),
      await w.elba('POST', `/users/login?token=${w.ann.secret}`),
      await w.elba('POST', '/users/login', { body: { token: w.ann.secret } }),
      await w.elba('POST', '/users/login', { as: w.ann }),
    ]) {
      assert.deepEqual([answer.status, answer.body], [200, {}])
      assert.equal(
        answer.headers.get('set-cookie'),
        `user_token=${w.ann.secret}; Path=/elba; Max-Age=2592000; HttpOnly; SameSite=Lax`,
      )
      const headers = { cookie: cookieIn(answer.headers) }
      const self = await w.elba('GET', '/users/metadata', { headers })
      assert.deepEqual(self.body, { user: ann('ann@example.org') })
    }
  })

  test('the cookie is for https alone, where the registry is', async () => {
    const safe = await openElbaWorld({ publicUrl: 'https://registry.example.org' })
    try {
      const { headers } = await safe.elba('POST', '/users/login', { as: safe.ann })
      assert.match(headers.get('set-cookie') ?? '', /; SameSite=Lax; Secure$/)
    } finally {
      await safe.t.close()
    }
  })

  test('nothing else becomes one', async () => {
    for (const [method, path, body, expected] of [
      ['GET', '/users/login', undefined, [400, 'invalid_request']],
      ['POST', '/users/login', {}, [400, 'invalid_request']],
      ['POST', '/users/login', { token: 'nonsense' }, [401, 'user_not_found']],
      ['POST', '/users/login', '{', [400, 'invalid_request']],
      ['GET', '/users/login?token=nonsense', undefined, [401, 'user_not_found']],
      ['GET', '/users/login?gh_access_token=abc', undefined, [404, 'not_found']],
      ['GET', '/users/login/oauth', undefined, [404, 'not_found']],
      ['GET', '/users/login/oauth/callback?code=abc', undefined, [404, 'not_found']],
    ] as const) {
      const answer = await w.elba(method, path, { body })
      assert.deepEqual(tagOf(answer), expected, `${method} ${path}`)
      assert.equal(answer.headers.get('set-cookie'), null, path)
    }
    const robot = await credential(w.t.app, { namespace: 'acme', role: 'publisher' })
    const refused = await w.elba('POST', '/users/login', { as: robot })
    assert.deepEqual(tagOf(refused), [403, 'no_permission'])
    const { body } = await w.elba('GET', '/users/login/oauth')
    assert.match((body as { description: string }).description, /no sign-in by GitHub/)
  })

  test('logging out takes the cookie away; the token stays good', async () => {
    for (const method of ['GET', 'POST']) {
      const headers = await session()
      const { status, body, headers: answered } = await w.elba(method, '/users/logout', { headers })
      assert.deepEqual([status, body], [200, {}])
      assert.equal(
        answered.get('set-cookie'),
        'user_token=; Path=/elba; Max-Age=0; HttpOnly; SameSite=Lax',
      )
    }
    assert.equal((await w.elba('POST', '/users/login', { as: w.ann })).status, 200)
    assert.equal((await w.elba('GET', '/users/logout')).status, 200)
  })

  test('logging out ends a session that was made by signing in', async () => {
    const made = await credential(w.t.app, { user: 'sam' })
    await w.t.app.database.db
      .transaction()
      .execute((tx) =>
        tx.updateTable('tokens').set({ kind: 'session' }).where('id', '=', made.tokenId).execute(),
      )
    const headers = await session(made.secret)
    const name = async () => {
      const { body } = await w.elba('GET', '/users/metadata', { headers })
      return (body as { user?: { name: string } }).user?.name
    }
    assert.equal(await name(), 'sam')
    assert.equal((await w.elba('POST', '/users/logout', { headers })).status, 200)
    const after = await w.elba('GET', '/users/metadata', { headers })
    assert.deepEqual(tagOf(after), [401, 'user_not_found'])
    // So that the browser is not kept from signing in again.
    assert.match(after.headers.get('set-cookie') ?? '', /^user_token=; .*Max-Age=0/)
  })

  test('who asks, and others, whose address stays theirs', async () => {
    assert.deepEqual((await w.elba('GET', '/users/metadata')).body, { user: null })
    const own = await w.elba('GET', `/users/${annId}/metadata`, { as: w.ann })
    assert.deepEqual(own.body, { user: ann('ann@example.org') })
    const others = await w.elba('GET', `/users/${annId}/metadata`)
    assert.deepEqual([others.status, others.body], [200, { user: ann() }])
    for (const id of ['0', '999999', 'ann', '-1', '1e3', '99999999999999999999']) {
      const { status, body } = await w.elba('GET', `/users/${id}/metadata`)
      assert.deepEqual([status, (body as { error: string }).error], [404, 'user_not_found'], id)
    }
  })

  test('tokens are made, listed without secrets, used and taken back', async () => {
    const headers = await session()
    const own = { ...headers, origin: 'http://127.0.0.1:7080' }
    const before = await w.elba('GET', '/users/tokens', { headers })
    const made = await w.elba('PUT', '/users/tokens/create', { headers: own })
    assert.equal(made.status, 200)
    const { token } = made.body as { token: { id: number; token: string } }
    assert.deepEqual(made.body, {
      token: {
        id: token.id,
        token: token.token,
        token_partial: `ent_....${token.token.slice(-4)}`,
        created_at: AT,
      },
    })
    const { tokens } = before.body as { tokens: object[] }
    const listed = await w.elba('GET', '/users/tokens', { headers })
    assert.deepEqual(listed.body, {
      tokens: [...tokens, { id: token.id, token: null, token_partial: 'ent_....', created_at: AT }],
    })
    const published = await w.elba(
      'PUT',
      `/packages/acme/by-token/1.0.0/publish?token=${token.token}`,
      { body: packElba({ name: 'acme/by-token', version: '1.0.0' }) },
    )
    assert.equal(published.status, 200)
    const more = await w.elba('PUT', `/users/tokens/create?token=${token.token}`)
    assert.deepEqual(tagOf(more), [403, 'no_permission'])
    const gone = await w.elba('DELETE', `/users/tokens/${token.id}`, { headers: own })
    assert.deepEqual([gone.status, gone.body], [200, {}])
    const yank = await w.elba(
      'PATCH',
      `/packages/acme/by-token/1.0.0/yank?yanked=true&token=${token.token}`,
    )
    assert.deepEqual(tagOf(yank), [401, 'user_not_found'])
    for (const id of ['0', 'x', '999999', String(w.sam.tokenId)]) {
      const refused = await w.elba('DELETE', `/users/tokens/${id}`, { headers: own })
      assert.deepEqual(tagOf(refused), [404, 'token_not_found'], id)
    }
    assert.deepEqual(tagOf(await w.elba('GET', '/users/tokens')), [401, 'no_permission'])
    assert.deepEqual(tagOf(await w.elba('PUT', '/users/tokens/create')), [401, 'no_permission'])
  })

  test('a page of another site changes nothing with a session', async () => {
    const headers = await session()
    for (const foreign of [
      { origin: 'https://evil.example.org' },
      { origin: 'http://127.0.0.1:9999' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]) {
      const all = { ...headers, ...foreign } as Record<string, string>
      for (const [method, path] of [
        ['PUT', '/users/tokens/create'],
        ['DELETE', '/users/tokens/1'],
        ['PATCH', '/packages/acme/x/1.0.0/yank?yanked=true'],
        ['PUT', '/packages/acme/x/owners?user=sam'],
        ['POST', '/users/logout'],
        ['GET', '/users/logout'],
      ] as const) {
        const answer = await w.elba(method, path, { headers: all })
        assert.deepEqual(tagOf(answer), [403, 'no_permission'], `${method} ${path}`)
      }
      // Nor signs anybody in as somebody else.
      const login = await w.elba('GET', `/users/login?token=${w.sam.secret}`, {
        headers: foreign as unknown as Record<string, string>,
      })
      assert.deepEqual(tagOf(login), [403, 'no_permission'])
      assert.equal(login.headers.get('set-cookie'), null)
    }
    // A token that was sent on purpose is no cookie: it may come from anywhere.
    const stated = await w.elba('PUT', `/users/tokens/create?token=${w.ann.secret}`, {
      headers: { origin: 'https://evil.example.org' },
    })
    assert.equal(stated.status, 200)
    for (const site of ['same-origin', 'none']) {
      const own = { ...headers, 'sec-fetch-site': site }
      assert.equal((await w.elba('PUT', '/users/tokens/create', { headers: own })).status, 200)
    }
  })

  test('no token is in a log line or an answer', async () => {
    const lines: string[] = []
    const keep = (fields: object, message: string) => {
      lines.push(
        `${message} ${JSON.stringify(fields, (_, value) => String(value?.stack ?? '') || value)}`,
      )
    }
    const log = { debug: keep, info: keep, warn: keep, error: keep }
    const app = { ...w.t.app, log }
    const fetch = createFetch(app, ecosystems, testServerOptions())
    const secrets = [w.ann.secret, 'a-secret-that-is-wrong']
    const bodies: string[] = []
    for (const secret of secrets) {
      for (const [method, path] of [
        ['PUT', 'packages/acme/logged/1.0.0/publish'],
        ['PUT', 'publish'],
        ['PATCH', 'packages/acme/logged/1.0.0/yank'],
        ['PATCH', 'acme/logged/1.0.0/yank'],
        ['GET', 'packages/acme/logged/metadata'],
        ['GET', 'packages/groups'],
        ['GET', 'users/login'],
        ['POST', 'nowhere'],
      ] as const) {
        const url = `http://127.0.0.1:7080/elba/api/v1/${path}?yanked=true&token=${secret}`
        const answer = await fetch(new Request(url, { method }), { remoteAddress: () => '' })
        bodies.push(await answer.text())
      }
    }
    assert.ok(lines.length >= 12, lines.join('\n'))
    for (const secret of secrets) {
      assert.deepEqual(
        lines.filter((line) => line.includes(secret)),
        [],
      )
      assert.deepEqual(
        bodies.filter((body) => body.includes(secret)),
        [],
      )
    }
    const { db } = w.t.app.database
    const audit = await db.selectFrom('audit').selectAll().execute()
    assert.ok(!JSON.stringify(audit).includes(w.ann.secret))
  })
})
