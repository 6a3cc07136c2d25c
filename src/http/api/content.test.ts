import assert from 'node:assert/strict'
import { change } from '#core/db/change.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { type ApiWorld, openApiWorld, publish, RELEASE_DIGEST } from '#test/api-world.ts'

const AT = '2026-01-01T00:00:00.000Z'
const V1 = '/api/v1'
const TYPE = 'application/vnd.oci.image.manifest.v1+json'

describe('namespaces, packages, audit and jobs over HTTP', () => {
  let world: ApiWorld

  before(async () => {
    world = await openApiWorld()
  })
  after(() => world.t.close())

  test('a namespace is made, seen, labelled, limited and ended', async () => {
    const { call, sam, boss } = world
    const body = { name: 'Zoo', consumerLabels: { team: 'web' } }
    const made = await call('POST', `${V1}/namespaces`, { as: sam, body })
    assert.equal(made.status, 201)
    assert.equal(made.headers.get('location'), '/api/v1/namespaces/zoo')
    const seen = {
      name: 'zoo',
      status: 'active',
      consumerLabels: { team: 'web' },
      providerLabels: {},
      createdAt: AT,
    }
    const inside = { maxBytes: null, maxPackages: null, maxProjects: null, usedBytes: 0 }
    assert.deepEqual(made.body, { ...seen, ...inside })
    assert.deepEqual((await call('GET', `${V1}/namespaces/zoo`)).body, seen, 'strangers')
    const insider = await call('GET', `${V1}/namespaces/zoo`, { as: sam })
    assert.deepEqual(insider.body, { ...seen, ...inside })
    const listed = await call('GET', `${V1}/namespaces?member=sam`, { as: sam })
    const { items } = listed.body as { items: unknown[] }
    assert.deepEqual(items.at(-1), { ...seen, ...inside })
    const limited = await call('PATCH', `${V1}/namespaces/zoo`, {
      as: boss,
      body: { maxBytes: 1000, maxPackages: null, consumerLabels: {} },
    })
    assert.deepEqual(limited.body, { ...seen, ...inside, maxBytes: 1000, consumerLabels: {} })
    const ended = await call('DELETE', `${V1}/namespaces/zoo`, { as: sam })
    assert.equal(ended.status, 202)
    assert.equal((ended.body as { status: string }).status, 'terminating')
    const later = await call('GET', `${V1}/namespaces/zoo`)
    assert.equal((later.body as { status: string }).status, 'terminating')
  })

  test('members are added, changed, listed and removed', async () => {
    const { call, ann, sam } = world
    const path = `${V1}/namespaces/acme/members`
    for (const role of ['reader', 'publisher']) {
      const put = await call('PUT', `${path}/sam`, { as: ann, body: { role } })
      assert.deepEqual([put.status, put.body], [204, ''])
    }
    const listed = await call('GET', path, { as: sam })
    assert.deepEqual(listed.body, {
      items: [
        { user: 'ann', role: 'admin', createdAt: AT },
        { user: 'pat', role: 'publisher', createdAt: AT },
        { user: 'rae', role: 'reader', createdAt: AT },
        { user: 'sam', role: 'publisher', createdAt: AT },
      ],
    })
    assert.equal((await call('DELETE', `${path}/sam`, { as: sam })).status, 204, 'leaving')
    assert.equal((await call('GET', path, { as: sam })).status, 403)
    const last = await call('DELETE', `${path}/ann`, { as: ann })
    assert.deepEqual([last.status, codeOf(last.body)], [409, 'last_admin'])
    const unknown = await call('PUT', `${path}/nobody`, { as: ann, body: { role: 'reader' } })
    assert.deepEqual([unknown.status, codeOf(unknown.body)], [404, 'user_unknown'])
  })

  const packageOf = (name: string, more: object = {}) => ({
    ecosystem: 'oci',
    path: `acme/${name}`,
    namespace: 'acme',
    project: 'oci',
    name,
    visibility: 'public',
    immutableTags: false,
    createdAt: AT,
    updatedAt: AT,
    ...more,
  })

  test('lists hold what the asker may read, and nothing else', async () => {
    const { call, sam, rae, boss, restricted } = world
    const names = async (query: string, as?: ApiWorld['ann']) => {
      const { body } = await call('GET', `${V1}/packages${query}`, as ? { as } : {})
      return (body as { items: Array<{ path: string }> }).items.map(({ path }) => path)
    }
    for (const query of ['', '?ecosystem=oci', '?namespace=acme', '?namespace=ACME&unknown=1']) {
      assert.deepEqual(await names(query), ['acme/web'], query)
      assert.deepEqual(await names(query, sam), ['acme/web'], query)
      assert.deepEqual(await names(query, restricted), ['acme/web'], query)
      assert.deepEqual(await names(query, rae), ['acme/secret', 'acme/web'], query)
      assert.deepEqual(await names(query, boss), ['acme/secret', 'acme/web'], query)
    }
    assert.deepEqual(await names('?namespace=samco'), [])
    const first = await call('GET', `${V1}/packages?limit=1`, { as: rae })
    assert.deepEqual(first.body, {
      items: [packageOf('secret', { visibility: 'private' })],
      next: 'oci/acme/secret',
    })
    const second = await call('GET', `${V1}/packages?limit=1&after=oci/acme/secret`, { as: rae })
    assert.deepEqual(second.body, { items: [packageOf('web')] })
    assert.equal((await call('GET', `${V1}/packages?ecosystem=nope`)).status, 404)
    assert.equal((await call('GET', `${V1}/packages?namespace=nope`)).status, 404)
    assert.equal((await call('GET', `${V1}/packages?after=nope`)).status, 400)
  })

  test('a package is addressed with slashes or encoded, also when it is called tags', async () => {
    const { call, t } = world
    await publish(t, 'tags', ['x'])
    for (const path of ['acme/web', 'acme%2Fweb', 'acme%2fweb']) {
      assert.deepEqual((await call('GET', `${V1}/packages/oci/${path}`)).body, packageOf('web'))
    }
    const called = await call('GET', `${V1}/packages/oci/acme%2Ftags`)
    assert.deepEqual(called.body, packageOf('tags'))
    const tags = await call('GET', `${V1}/packages/oci/acme/tags/tags`)
    assert.equal((tags.body as { items: unknown[] }).items.length, 1)
    for (const path of ['acme/', 'UPPER/x', 'a//b', '%00', '%zz', '..%2f..', 'a%252Fb']) {
      const { status } = await call('GET', `${V1}/packages/oci/${path}`)
      assert.ok(status === 400 || status === 404, `${path}: ${status}`)
    }
    assert.equal((await call('GET', `${V1}/packages/nope/acme/web`)).status, 404)
  })

  test('releases and tags of a package', async () => {
    const { call } = world
    const content = { digest: RELEASE_DIGEST, mediaType: TYPE, size: 2 }
    const releases = await call('GET', `${V1}/packages/oci/acme/web/releases`)
    assert.deepEqual(releases.body, {
      items: [{ version: RELEASE_DIGEST, ...content, kind: '', createdAt: AT, downloads: 0 }],
    })
    const first = await call('GET', `${V1}/packages/oci/acme/web/tags?limit=1`)
    assert.deepEqual(first.body, {
      items: [{ name: 'latest', ...content, updatedAt: AT }],
      next: 'latest',
    })
    assert.equal(
      first.headers.get('link'),
      '</api/v1/packages/oci/acme/web/tags?limit=1&after=latest>; rel="next"',
    )
    const second = await call('GET', `${V1}/packages/oci/acme/web/tags?after=latest`)
    assert.deepEqual(second.body, { items: [{ name: 'v1', ...content, updatedAt: AT }] })
  })

  test('making a package private hides it at once, and is audited once', async () => {
    const { call, t, ann, sam } = world
    await publish(t, 'shy', ['v1'])
    const path = `${V1}/packages/oci/acme/shy`
    assert.equal((await call('GET', path, { as: sam })).status, 200)
    t.clock.advance(60)
    const body = { visibility: 'private' }
    for (let i = 0; i < 2; i++) {
      const updated = await call('PATCH', path, { as: ann, body })
      const updatedAt = '2026-01-01T00:01:00.000Z'
      assert.deepEqual(updated.body, packageOf('shy', { visibility: 'private', updatedAt }))
    }
    for (const rest of ['', '/tags', '/releases']) {
      assert.equal((await call('GET', `${path}${rest}`, { as: sam })).status, 404)
      assert.equal((await call('GET', `${path}${rest}`)).status, 404)
    }
    const lines = await call('GET', `${V1}/audit?namespace=acme&action=package.update&limit=1`, {
      as: ann,
    })
    const { items } = lines.body as { items: Array<{ id: number; requestId: string }> }
    assert.deepEqual(items, [
      {
        id: items[0]?.id,
        at: '2026-01-01T00:01:00.000Z',
        actor: 'user:ann',
        action: 'package.update',
        subject: 'package:oci:acme/shy',
        detail: { visibility: 'private' },
        address: '192.0.2.7',
        credential: `token:${ann.tokenId}`,
        requestId: items[0]?.requestId,
      },
    ])
    const frozen = await call('PATCH', path, { as: ann, body: { immutableTags: true } })
    assert.equal((frozen.body as { immutableTags: boolean }).immutableTags, true)
    const nothing = await call('PATCH', path, { as: ann, body: {} })
    assert.deepEqual([nothing.status, codeOf(nothing.body)], [400, 'invalid_request'])
  })

  test('a package is deleted', async () => {
    const { call, t, ann } = world
    await publish(t, 'old', ['v1'])
    const path = `${V1}/packages/oci/acme/old`
    const deleted = await call('DELETE', path, { as: ann })
    assert.deepEqual([deleted.status, deleted.body], [204, ''])
    assert.equal((await call('GET', path, { as: ann })).status, 404)
  })

  test('the audit pages and filters', async () => {
    const { call, boss } = world
    const query = (text: string) => call('GET', `${V1}/audit?${text}`, { as: boss })
    const first = (await query('limit=3')).body as { items: Array<{ id: number }>; next: string }
    assert.equal(first.items.length, 3)
    const second = (await query(`limit=3&after=${first.next}`)).body as typeof first
    assert.ok((second.items[0]?.id ?? 0) < (first.items[2]?.id ?? 0))
    const none = await query('since=2027-01-01T00:00:00Z')
    assert.deepEqual(none.body, { items: [] })
    const byActor = (await query('actor=user:nobody')).body
    assert.deepEqual(byActor, { items: [] })
    for (const wrong of ['since=yesterday', 'after=x', 'limit=0', 'limit=x', 'limit=1&limit=2']) {
      const { status } = await query(wrong)
      assert.equal(status, 400, wrong)
    }
  })

  test('an operator asks for a collection, sees the job, retries and discards', async () => {
    const { call, t, boss } = world
    await change(t.app, (tx) => tx.deleteFrom('jobs').execute())
    for (let i = 0; i < 2; i++) {
      const asked = await call('POST', `${V1}/gc`, { as: boss })
      assert.equal(asked.status, 202)
      assert.deepEqual(asked.body, { kind: 'blobs.collect', reclaimableBytes: 0 })
    }
    const listed = await call('GET', `${V1}/jobs?state=waiting`, { as: boss })
    const { items } = listed.body as { items: Array<{ id: number; createdAt: string }> }
    const [job] = items
    assert.deepEqual(items, [
      {
        id: job?.id,
        kind: 'blobs.collect',
        key: 'schedule',
        state: 'waiting',
        payload: {},
        attempts: 0,
        runAt: job?.createdAt,
        lastError: null,
        createdAt: job?.createdAt,
      },
    ])
    const early = await call('POST', `${V1}/jobs/${job?.id}/retry`, { as: boss })
    assert.deepEqual([early.status, codeOf(early.body)], [409, 'conflict'])
    await change(t.app, (tx) => tx.updateTable('jobs').set({ state: 'dead' }).execute())
    assert.equal((await call('POST', `${V1}/jobs/${job?.id}/retry`, { as: boss })).status, 204)
    assert.equal((await call('DELETE', `${V1}/jobs/${job?.id}`, { as: boss })).status, 204)
    assert.deepEqual((await call('GET', `${V1}/jobs`, { as: boss })).body, { items: [] })
    for (const id of ['0', '-1', 'x', '1e3', '9999999999999999']) {
      assert.equal((await call('DELETE', `${V1}/jobs/${id}`, { as: boss })).status, 400, id)
    }
  })
})

function codeOf(body: unknown): string {
  return (body as { code: string }).code
}
