import assert from 'node:assert/strict'
import { after, before, describe, test } from '#runtime/test.ts'
import type { Person } from '#test/actors.ts'
import { type ApiWorld, openApiWorld } from '#test/api-world.ts'

const AT = '2026-01-01T00:00:00.000Z'
const V1 = '/api/v1'

describe('accounts and tokens over HTTP', () => {
  let world: ApiWorld

  before(async () => {
    world = await openApiWorld()
  })
  after(() => world.t.close())

  const auditOf = (subject: string) =>
    world.t.app.database.db
      .selectFrom('audit')
      .select(['action', 'actor', 'credential', 'address', 'requestId'])
      .where('subject', '=', subject)
      .orderBy('id')
      .execute()

  /** Somebody who has only the secret. */
  const holder = (secret: string): Person => ({ ...world.ann, secret })

  test('whoami tells who asks, and of nobody', async () => {
    const nobody = await world.call('GET', `${V1}/whoami`)
    assert.deepEqual(nobody.body, {
      kind: 'anonymous',
      name: 'anonymous',
      credential: '',
      isOperator: false,
      scopes: ['read'],
      roles: [],
    })
    const ann = await world.call('GET', `${V1}/whoami`, { as: world.restricted })
    assert.deepEqual(ann.body, {
      kind: 'user',
      name: 'user:ann',
      credential: `token:${world.restricted.tokenId}`,
      isOperator: false,
      scopes: ['admin', 'publish', 'read'],
      onlyNamespaces: ['samco'],
      roles: [],
    })
    const robot = await world.call('GET', `${V1}/whoami`, { as: world.robot })
    assert.deepEqual(robot.body, {
      kind: 'robot',
      name: 'robot:acme/ci',
      credential: `token:${world.robot.tokenId}`,
      isOperator: false,
      scopes: ['admin', 'publish', 'read'],
      roles: [{ namespace: 'acme', role: 'publisher' }],
    })
  })

  test('a credential may be shown as Basic; a wrong one is 401 everywhere', async () => {
    const basic = (text: string) => ({ authorization: `Basic ${btoa(text)}` })
    const as = (headers: Record<string, string>) => world.call('GET', `${V1}/packages`, { headers })
    assert.equal((await as(basic(`rae:${world.rae.secret}`))).status, 200)
    assert.equal((await as(basic(`pat:${world.rae.secret}`))).status, 401)
    assert.equal((await as({ authorization: 'Bearer nonsense' })).status, 401)
    assert.equal((await as({ authorization: 'Digest nonsense' })).status, 401)
  })

  test('an operator makes, sees, lists and changes accounts', async () => {
    const { call, boss } = world
    const zoe = {
      name: 'zoe',
      email: 'zoe@example.org',
      isOperator: false,
      isDisabled: false,
      createdAt: AT,
    }
    const body = { name: 'Zoe', email: 'zoe@example.org' }
    const headers = { 'x-request-id': 'zoe-is-made' }
    const made = await call('POST', `${V1}/users`, { as: boss, body, headers })
    assert.equal(made.status, 201)
    assert.equal(made.headers.get('location'), '/api/v1/users/zoe')
    assert.deepEqual(made.body, zoe)
    assert.deepEqual(await auditOf('user:zoe'), [
      {
        action: 'user.create',
        actor: 'user:boss',
        credential: `token:${boss.tokenId}`,
        address: '192.0.2.7',
        requestId: 'zoe-is-made',
      },
    ])
    assert.deepEqual((await call('GET', `${V1}/users/ZOE`, { as: boss })).body, zoe)
    const change = { isDisabled: true, isOperator: true }
    const changed = await call('PATCH', `${V1}/users/zoe`, { as: boss, body: change })
    assert.deepEqual(changed.body, { ...zoe, ...change })
    const again = await call('POST', `${V1}/users`, { as: boss, body })
    assert.deepEqual([again.status, codeOf(again.body)], [409, 'name_taken'])
    const nothing = await call('PATCH', `${V1}/users/zoe`, { as: boss, body: {} })
    assert.deepEqual([nothing.status, codeOf(nothing.body)], [400, 'invalid_request'])
  })

  test('users come in pages that name the next one', async () => {
    const { call, boss } = world
    const first = await call('GET', `${V1}/users?limit=2`, { as: boss })
    const { items, next } = first.body as { items: Array<{ name: string }>; next: string }
    assert.deepEqual(
      items.map(({ name }) => name),
      ['ann', 'boss'],
    )
    assert.equal(next, 'boss')
    assert.equal(first.headers.get('link'), '</api/v1/users?limit=2&after=boss>; rel="next"')
    const rest = await call('GET', `${V1}/users?limit=100&after=${next}`, { as: boss })
    assert.equal(rest.headers.get('link'), null)
    assert.equal('next' in (rest.body as object), false)
  })

  test('a token is made, works, is listed without its secret, and ends at once', async () => {
    const { call, ann } = world
    const made = await call('POST', `${V1}/tokens`, {
      as: ann,
      body: {
        name: 'laptop',
        scopes: ['read'],
        onlyNamespaces: ['ACME'],
        onlyPackages: ['oci/acme/secret'],
        expiresAt: '2026-02-01T01:00:00+01:00',
      },
    })
    assert.equal(made.status, 201)
    const { secret, token } = made.body as { secret: string; token: { id: number } }
    assert.match(secret, /^ent_/)
    const expected = {
      id: token.id,
      name: 'laptop',
      user: 'ann',
      scopes: ['read'],
      onlyNamespaces: ['acme'],
      onlyPackages: ['oci/acme/secret'],
      createdAt: AT,
      createdBy: 'user:ann',
      expiresAt: '2026-02-01T00:00:00.000Z',
    }
    assert.deepEqual(token, expected)
    const path = `${V1}/packages/oci/acme/secret`
    assert.equal((await call('GET', path, { as: holder(secret) })).status, 200)
    const listed = await call('GET', `${V1}/tokens`, { as: ann })
    assert.doesNotMatch(JSON.stringify(listed.body), /ent_|"hash"/)
    const { items } = listed.body as { items: Array<{ id: number }> }
    assert.deepEqual(
      items.find(({ id }) => id === token.id),
      expected,
    )
    const revoked = await call('DELETE', `${V1}/tokens/${token.id}`, { as: ann })
    assert.deepEqual([revoked.status, revoked.body], [204, ''])
    assert.equal((await call('GET', path, { as: holder(secret) })).status, 401)
    assert.deepEqual(
      (await auditOf(`token:${token.id}`)).map(({ action }) => action),
      ['token.create', 'token.revoke'],
    )
  })

  test('a robot belongs to its namespace, and its name tells nothing of other packages', async () => {
    const { call, ann, sam } = world
    const body = {
      name: 'deploy',
      scopes: ['publish', 'read'],
      namespace: 'acme',
      role: 'publisher',
    }
    const made = await call('POST', `${V1}/tokens`, { as: ann, body })
    const { token } = made.body as { token: { id: number } }
    assert.deepEqual(token, {
      id: token.id,
      name: 'deploy',
      namespace: 'acme',
      role: 'publisher',
      scopes: ['publish', 'read'],
      createdAt: AT,
      createdBy: 'user:ann',
    })
    const foreign = { ...body, namespace: 'samco', onlyPackages: ['oci/acme/secret'] }
    const refused = await call('POST', `${V1}/tokens`, { as: sam, body: foreign })
    assert.deepEqual([refused.status, codeOf(refused.body)], [404, 'package_unknown'])
  })

  test('who sees a token does not thereby see the private packages it is good for', async () => {
    const { call, boss, sam } = world
    const body = {
      name: 'mirror',
      scopes: ['read'],
      namespace: 'samco',
      role: 'reader',
      onlyPackages: ['oci/acme/secret', 'oci/acme/web'],
    }
    const made = await call('POST', `${V1}/tokens`, { as: boss, body })
    const { token } = made.body as { token: { onlyPackages: string[] } }
    assert.deepEqual(token.onlyPackages, ['oci/acme/secret', 'oci/acme/web'])
    const listed = await call('GET', `${V1}/tokens?namespace=samco`, { as: sam })
    const { items } = listed.body as { items: Array<{ onlyPackages: string[] }> }
    assert.deepEqual(items[0]?.onlyPackages, ['oci/acme/web'])
  })

  test('a token made with a restricted one is restricted the same', async () => {
    const { call, restricted } = world
    const body = { name: 'child', scopes: ['read'] }
    const made = await call('POST', `${V1}/tokens`, { as: restricted, body })
    const { token } = made.body as { token: { onlyNamespaces: string[] } }
    assert.deepEqual(token.onlyNamespaces, ['samco'])
  })

  const wrongTokens: Array<[string, unknown, string]> = [
    ['no scopes', { name: 'x', scopes: [] }, 'scopes'],
    ['a scope that is none', { name: 'x', scopes: ['write'] }, 'scopes.0'],
    ['both owners', { name: 'x', scopes: ['read'], user: 'ann', namespace: 'acme' }, 'namespace'],
    ['a role alone', { name: 'x', scopes: ['read'], role: 'reader' }, 'role'],
    [
      'no such day',
      { name: 'x', scopes: ['read'], expiresAt: '2026-02-30T00:00:00Z' },
      'expiresAt',
    ],
    ['an unknown field', { name: 'x', scopes: ['read'], expires: '90d' }, ''],
  ]
  for (const [what, body, path] of wrongTokens) {
    test(`a token with ${what} is refused, saying where`, async () => {
      const answer = await world.call('POST', `${V1}/tokens`, { as: world.ann, body })
      assert.equal(answer.status, 400)
      const { code, errors } = answer.body as { code: string; errors: Array<{ path: string }> }
      assert.equal(code, 'invalid_request')
      assert.ok(
        errors.some((error) => error.path === path),
        JSON.stringify(errors),
      )
    })
  }
})

function codeOf(body: unknown): string {
  return (body as { code: string }).code
}
