import assert from 'node:assert/strict'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { credential, type Person, person } from '#test/actors.ts'
import { type ApiWorld, openApiWorld, publish, RELEASE_DIGEST } from '#test/api-world.ts'
import { operator } from '#test/app.ts'

const V1 = '/api/v1'
const WEB = `${V1}/packages/oci/acme/web`
const RELEASE = `${WEB}/releases/${RELEASE_DIGEST}`
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

describe('yank, deprecate, remove, owners and transfers over HTTP', () => {
  let world: ApiWorld
  let limited: Person

  before(async () => {
    world = await openApiWorld()
    const { id } = await world.t.app.database.db
      .selectFrom('packages')
      .select('id')
      .where('path', '=', 'acme/web')
      .executeTakeFirstOrThrow()
    limited = await credential(world.t.app, { user: 'ann' }, { onlyPackages: [id] })
  })
  after(() => world.t.close())

  const who = (name: (typeof WHO)[number]) => (name === 'anonymous' ? {} : { as: world[name] })

  test('who may do what', async () => {
    const secret = WEB.replace('web', 'secret')
    const yank = { reason: 'x' }
    const table = [
      //                                   anon sam rae pat ann boss weak restr robot
      [`POST ${RELEASE}/yank`, '401 403 403 200 200 200 200 403 200', yank],
      [`POST ${RELEASE}/unyank`, '401 403 403 200 200 200 200 403 200'],
      [`POST ${RELEASE}/deprecate`, '401 403 403 200 200 200 200 403 200', { message: 'x' }],
      [`POST ${WEB}/deprecate`, '401 403 403 200 200 200 200 403 200', { message: null }],
      [`POST ${RELEASE}/remove`, '401 403 403 403 403 400 403 403 403', { reason: '' }],
      [`POST ${secret}/deprecate`, '404 404 403 200 200 200 200 404 200', { message: 'x' }],
      [`GET ${WEB}/owners`, '401 403 200 200 200 200 200 403 200'],
      [`GET ${secret}/owners`, '404 404 200 200 200 200 200 404 200'],
      [`PUT ${WEB}/owners/sam`, '401 403 403 403 204 204 403 403 403', { role: 'reader' }],
      [`PUT ${WEB}/owners/nobody`, '401 403 403 403 404 404 403 403 403', { role: 'reader' }],
      [`DELETE ${WEB}/owners/nobody`, '401 403 403 403 404 404 403 403 403'],
      [`POST ${WEB}/transfer`, '401 403 403 403 404 404 403 403 403', { to: 'nope' }],
      [`GET ${V1}/transfers`, '401 200 200 200 200 200 403 200 200'],
      [`GET ${V1}/transfers/999`, '401 404 404 404 404 404 404 404 404'],
      [`POST ${V1}/transfers/999/accept`, '401 404 404 404 404 404 404 404 404', {}],
      [`POST ${V1}/transfers/999/cancel`, '401 404 404 404 404 404 404 404 404'],
    ] as const
    for (const [request, statuses, body] of table) {
      const [method = '', path = ''] = request.split(' ')
      const expected = statuses.split(' ').map(Number)
      const got: number[] = []
      for (const name of WHO) {
        const more = body === undefined ? {} : { body }
        got.push((await world.call(method, path, { ...who(name), ...more })).status)
      }
      assert.deepEqual(got, expected, request)
    }
  })

  test('a release is yanked, deprecated and removed', async () => {
    const { call, pat, boss } = world
    const yanked = await call('POST', `${RELEASE}/yank`, { as: pat, body: { reason: 'bad' } })
    const { yankedAt, yankReason, version } = yanked.body as Record<string, string>
    assert.deepEqual([version, yankReason], [RELEASE_DIGEST, 'bad'])
    assert.equal(yankedAt, '2026-01-01T00:00:00.000Z')
    const body = { message: 'use "acme/site"' }
    const marked = await call('POST', `${RELEASE}/deprecate`, { as: pat, body })
    assert.equal((marked.body as { deprecation: string }).deprecation, body.message)
    await call('POST', `${WEB}/deprecate`, { as: pat, body: { message: 'all – of it' } })
    const told = await call('GET', WEB)
    assert.equal((told.body as { deprecation: string }).deprecation, 'all – of it')
    const manifest = await call('GET', '/v2/acme/web/manifests/v1')
    assert.equal(
      manifest.headers.get('warning'),
      '299 - "this manifest was yanked: bad", ' +
        '299 - "this manifest is deprecated: use \\"acme/site\\"", ' +
        '299 - "this repository is deprecated: all ? of it"',
    )
    const head = await call('HEAD', '/v2/acme/web/manifests/latest')
    assert.equal(head.headers.get('warning'), manifest.headers.get('warning'))
    const tag = await call('GET', '/opm/namespaces/acme/projects/oci/repositories/web/tags/v1')
    const { manifest: descriptor } = tag.body as { manifest: { annotations: object } }
    assert.deepEqual(descriptor.annotations, { 'io.entrepot.deprecated': body.message })
    const removal = { as: boss, body: { reason: 'holds a key', advisory: true } }
    const removed = await call('POST', `${RELEASE}/remove`, removal)
    assert.equal(removed.status, 200)
    const { removedAt, advisory } = removed.body as { removedAt: string; advisory: string }
    assert.ok(removedAt)
    const document = await call('GET', `${V1}/advisories/${advisory}`)
    assert.equal((document.body as { details: string }).details, removal.body.reason)
    assert.equal((await call('POST', `${RELEASE}/remove`, removal)).status, 410)
    await assert.rejects(publish(world.t, 'web', ['v1']), /never comes again/)
  })

  test('a package goes from one side to the other', async () => {
    const { call, ann, sam, pat } = world
    const offer = (as: Person) => call('POST', `${WEB}/transfer`, { as, body: { to: 'samco' } })
    assert.equal((await offer(pat)).status, 403)
    const made = await offer(ann)
    assert.equal(made.status, 201)
    const { id, expiresAt } = made.body as { id: number; expiresAt: string }
    assert.equal(expiresAt, '2026-01-08T00:00:00.000Z')
    const path = `${V1}/transfers/${id}`
    assert.equal(made.headers.get('location'), path)
    assert.deepEqual((await call('GET', path, { as: sam })).body, made.body)
    for (const as of [pat, world.rae, limited]) {
      assert.equal((await call('GET', path, { as })).status, 404)
      assert.equal((await call('POST', `${path}/accept`, { as, body: {} })).status, 404)
    }
    assert.equal((await call('POST', `${path}/accept`, { as: ann, body: {} })).status, 403)
    const done = await call('POST', `${path}/accept`, { as: sam, body: {} })
    assert.equal((done.body as { toPath: string }).toPath, 'samco/web')
    const old = await call('GET', WEB)
    assert.equal(old.status, 404)
    assert.match((old.body as { detail: string }).detail, /it moved to samco\/web/)
    assert.equal((await call('GET', `${V1}/packages/oci/samco/web`)).status, 200)
    const late = await call('POST', `${path}/decline`, { as: sam })
    assert.equal(late.status, 409)
    const pending = await call('GET', `${V1}/transfers?status=pending`, { as: sam })
    assert.deepEqual(pending.body, { items: [] })
    const all = await call('GET', `${V1}/transfers`, { as: sam })
    assert.equal((all.body as { items: unknown[] }).items.length, 1)
  })

  test('a leaked token is reported by nobody in particular', async () => {
    const { call } = world
    const lost = await person(world.t.app, 'lost')
    await createNamespace(world.t.app, operator, { name: 'lostco', owner: 'lost' })
    assert.equal((await call('GET', `${V1}/tokens`, { as: lost })).status, 200)
    for (const token of [lost.secret, lost.secret, 'nonsense', '']) {
      const { status, body } = await call('POST', `${V1}/tokens/report`, { body: { token } })
      assert.deepEqual([status, body], [202, ''])
    }
    assert.equal((await call('GET', `${V1}/tokens`, { as: lost })).status, 401)
  })
})
