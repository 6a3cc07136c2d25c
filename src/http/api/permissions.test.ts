import assert from 'node:assert/strict'
import { after, before, describe, test } from '#runtime/test.ts'
import { type ApiWorld, openApiWorld } from '#test/api-world.ts'

const WHO = [
  'anonymous',
  'sam',
  'rae',
  'pat',
  'ann',
  'boss',
  'weak',
  'restricted',
  'robot',
] as const

interface Row {
  readonly method: string
  readonly path: string
  readonly body?: unknown
  /** Statuses in the order of WHO. */
  readonly statuses: readonly number[]
}

const row = (request: string, statuses: string, body?: unknown): Row => {
  const [method = '', path = ''] = request.split(' ')
  return { method, path, body, statuses: statuses.split(' ').map(Number) }
}

// sam is a stranger, rae reader, pat publisher, ann admin, boss operator; weak, restricted: ann's.
const TABLE: readonly Row[] = [
  //                                     anon sam rae pat ann boss weak restr robot
  row('GET /whoami', '200 200 200 200 200 200 200 200 200'),
  row('GET /users', '401 403 403 403 403 200 403 403 403'),
  row('POST /users', '401 403 403 403 403 409 403 403 403', { name: 'sam', email: 'a@b.org' }),
  row('GET /users/ann', '401 404 404 404 200 200 200 200 403'),
  row('GET /users/nobody', '401 404 404 404 404 404 404 404 403'),
  row('PATCH /users/sam', '401 403 403 403 403 200 403 403 403', { isDisabled: false }),
  row('GET /tokens', '401 200 200 200 200 200 403 403 403'),
  row('GET /tokens?user=ann', '401 403 403 403 200 200 403 403 403'),
  row('GET /tokens?user=nobody', '401 403 403 403 403 404 403 403 403'),
  row('GET /tokens?namespace=acme', '401 403 403 403 200 200 403 403 403'),
  // A restricted credential makes tokens that are restricted the same.
  row('POST /tokens', '401 403 403 403 201 201 403 201 403', {
    name: 'x',
    scopes: ['read'],
    user: 'ann',
  }),
  row('POST /tokens', '401 403 403 403 201 201 403 403 403', {
    name: 'bot',
    scopes: ['read'],
    namespace: 'acme',
    role: 'reader',
  }),
  row('DELETE /tokens/999999', '401 404 404 404 404 404 404 404 404'),
  row('GET /namespaces', '200 200 200 200 200 200 200 200 200'),
  row('GET /namespaces?member=ann', '401 403 403 403 200 200 200 200 403'),
  row('GET /namespaces/acme', '200 200 200 200 200 200 200 200 200'),
  row('GET /namespaces/nope', '404 404 404 404 404 404 404 404 404'),
  row('POST /namespaces', '401 409 409 409 409 409 403 403 403', { name: 'ACME' }),
  row('PATCH /namespaces/acme', '401 403 403 403 200 200 403 403 403', { consumerLabels: {} }),
  row('PATCH /namespaces/acme', '401 403 403 403 403 200 403 403 403', { maxPackages: 9 }),
  row('PATCH /namespaces/acme', '401 403 403 403 403 200 403 403 403', { providerLabels: {} }),
  row('DELETE /namespaces/nope', '404 404 404 404 404 404 404 404 404'),
  row('GET /namespaces/acme/members', '401 403 200 200 200 200 200 403 200'),
  row('PUT /namespaces/acme/members/rae', '401 403 403 403 204 204 403 403 403', {
    role: 'reader',
  }),
  row('DELETE /namespaces/acme/members/nobody', '401 403 403 403 404 404 403 403 403'),
  // Who is invited is for admins; to strangers there is no such namespace.
  row('GET /namespaces/acme/invitations', '401 404 403 403 200 200 403 404 403'),
  row('GET /namespaces/nope/invitations', '404 404 404 404 404 404 404 404 404'),
  row('PUT /namespaces/acme/invitations/rae%40example.org', '401 404 403 403 204 204 403 404 403', {
    role: 'reader',
  }),
  row('DELETE /namespaces/acme/invitations/x%40b.org', '401 404 403 403 404 404 403 404 403'),
  row('GET /packages', '200 200 200 200 200 200 200 200 200'),
  row('GET /packages/oci/acme/web', '200 200 200 200 200 200 200 200 200'),
  row('GET /packages/oci/acme/secret', '404 404 200 200 200 200 200 404 200'),
  row('GET /packages/oci/acme/secret/tags', '404 404 200 200 200 200 200 404 200'),
  row('GET /packages/oci/acme/secret/releases', '404 404 200 200 200 200 200 404 200'),
  row('PATCH /packages/oci/acme/web', '401 403 403 403 200 200 403 403 403', {
    visibility: 'public',
  }),
  row('PATCH /packages/oci/acme/secret', '404 404 403 403 200 200 403 404 403', {
    visibility: 'private',
  }),
  row('DELETE /packages/oci/acme/nope', '404 404 404 404 404 404 404 404 404'),
  row('GET /audit', '401 403 403 403 403 200 403 403 403'),
  row('GET /audit?namespace=acme', '401 403 403 403 200 200 403 403 403'),
  row('GET /audit?namespace=nope', '404 404 404 404 404 404 404 404 404'),
  row('GET /jobs', '401 403 403 403 403 200 403 403 403'),
  row('POST /jobs/999999/retry', '401 403 403 403 403 404 403 403 403'),
  row('DELETE /jobs/999999', '401 403 403 403 403 404 403 403 403'),
  row('POST /gc', '401 403 403 403 403 202 403 403 403'),
]

describe('who may do what', () => {
  let world: ApiWorld

  before(async () => {
    world = await openApiWorld()
  })
  after(() => world.t.close())

  for (const { method, path, body, statuses } of TABLE) {
    test(`${method} ${path} ${body === undefined ? '' : JSON.stringify(body)}`, async () => {
      const seen: Record<string, number> = {}
      for (const who of WHO) {
        const as = who === 'anonymous' ? {} : { as: world[who] }
        const { status } = await world.call(method, `/api/v1${path}`, {
          ...as,
          ...(body !== undefined && { body }),
        })
        seen[who] = status
      }
      assert.deepEqual(seen, Object.fromEntries(WHO.map((who, at) => [who, statuses[at]])))
    })
  }

  test('what destroys: strangers and lesser roles change nothing', async () => {
    const { call, sam, rae, pat, robot, weak, restricted } = world
    for (const as of [sam, rae, pat, robot, weak, restricted]) {
      assert.equal((await call('DELETE', '/api/v1/namespaces/acme', { as })).status, 403)
      assert.equal((await call('DELETE', '/api/v1/packages/oci/acme/web', { as })).status, 403)
    }
    assert.equal((await call('DELETE', '/api/v1/namespaces/acme')).status, 401)
    assert.equal((await call('GET', '/api/v1/packages/oci/acme/web')).status, 200)
  })

  test('nobody reaches somebody else’s token by its id', async () => {
    const { call, ann, rae, sam, robot } = world
    for (const target of [ann, robot]) {
      for (const as of [sam, rae]) {
        const path = `/api/v1/tokens/${target.tokenId}`
        const { status, body } = await call('DELETE', path, { as })
        assert.equal(status, 404)
        assert.equal((body as { code: string }).code, 'token_unknown')
      }
    }
    assert.equal((await call('GET', '/api/v1/whoami', { as: ann })).status, 200)
  })

  test('a private package and a missing one give strangers the same answer', async () => {
    const { call, sam } = world
    for (const rest of ['', '/tags', '/releases']) {
      const answers = []
      for (const name of ['secret', 'missing']) {
        const { status, body } = await call('GET', `/api/v1/packages/oci/acme/${name}${rest}`, {
          as: sam,
          headers: { 'x-request-id': 'the-same-id' },
        })
        answers.push({ status, body: JSON.stringify(body).replaceAll(name, 'NAME') })
      }
      assert.deepEqual(answers[0], answers[1])
    }
  })
})
