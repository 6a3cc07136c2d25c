import assert from 'node:assert/strict'
import { strFromU8, unzipSync } from 'fflate'
import { exportAdvisories } from '#core/advisories/export-advisories.ts'
import { deletePackage } from '#core/packages/delete-package.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { type ApiWorld, openApiWorld, RELEASE_DIGEST } from '#test/api-world.ts'
import { operator } from '#test/app.ts'

const URL = '/api/v1/advisories'
const AT = '2026-01-01T00:00:00.000Z'

describe('advisories over HTTP', () => {
  let world: ApiWorld

  before(async () => {
    world = await openApiWorld()
  })
  after(() => world.t.close())

  const about = (name: string, more: object = {}) => ({
    summary: `Trouble with ${name}`,
    affected: [{ package: { ecosystem: 'OCI', name }, versions: [RELEASE_DIGEST] }],
    ...more,
  })
  const ids = async (query: string, as?: ApiWorld['ann']) => {
    const { body, status } = await world.call('GET', `${URL}${query}`, as ? { as } : {})
    assert.equal(status, 200, JSON.stringify(body))
    return (body as { items: Array<{ id: string }> }).items.map(({ id }) => id)
  }

  test('an admin drafts, an operator publishes and withdraws', async () => {
    const { call, ann, rae, boss, t } = world
    const drafted = await call('POST', URL, { as: ann, body: about('acme/web') })
    assert.equal(drafted.status, 201, JSON.stringify(drafted.body))
    const { id } = drafted.body as { id: string }
    assert.equal(id, 'x_entrepot-2026-0001')
    assert.equal(drafted.headers.get('location'), `${URL}/${id}`)
    const document = { ...about('acme/web'), schema_version: '1.7.5', id, modified: AT }
    assert.deepEqual(drafted.body, { id, state: 'draft', document })
    assert.deepEqual(await ids(''), [])
    assert.deepEqual(await ids('?state=draft'), [])
    assert.deepEqual(await ids('?state=draft', rae), [])
    assert.deepEqual(await ids('?state=draft', ann), [id])
    assert.deepEqual(await ids('?state=draft', boss), [id])
    assert.equal((await call('GET', `${URL}/${id}`)).status, 404)
    assert.equal((await call('GET', `${URL}/${id}`, { as: rae })).status, 404)
    assert.deepEqual((await call('GET', `${URL}/${id}`, { as: ann })).body, document)
    assert.equal((await call('POST', `${URL}/${id}/publish`, { as: ann })).status, 403)
    assert.equal((await call('POST', `${URL}/${id}/publish`)).status, 401)

    const better = { ...about('acme/web'), id, details: 'More of it' }
    const replaced = await call('POST', URL, { as: ann, body: better })
    assert.equal(replaced.status, 201)
    t.clock.advance(60)
    for (let n = 0; n < 2; n++) {
      const published = await call('POST', `${URL}/${id}/publish`, { as: boss })
      const moment = '2026-01-01T00:01:00.000Z'
      assert.deepEqual(published.body, {
        id,
        state: 'published',
        document: { ...document, details: 'More of it', modified: moment, published: moment },
      })
    }
    assert.deepEqual(await ids(''), [id])
    assert.deepEqual(await ids('?ecosystem=oci&package=acme/web'), [id])
    assert.deepEqual(await ids('?ecosystem=oci&package=acme/other'), [])
    const version = `?ecosystem=oci&package=acme/web&version=`
    assert.deepEqual(await ids(`${version}${RELEASE_DIGEST}`), [id])
    assert.deepEqual(await ids(`${version}sha256:0`), [])
    assert.deepEqual(await ids('?since=2026-01-01T00:01:00Z'), [id])
    assert.deepEqual(await ids('?since=2026-01-01T00:01:01Z'), [])
    const again = await call('POST', URL, { as: ann, body: better })
    assert.equal(again.status, 409, 'it is published')

    assert.equal((await call('POST', `${URL}/${id}/withdraw`, { as: ann })).status, 403)
    t.clock.advance(60)
    for (let n = 0; n < 2; n++) {
      assert.equal((await call('POST', `${URL}/${id}/withdraw`, { as: boss })).status, 204)
    }
    const withdrawn = (await call('GET', `${URL}/${id}`)).body as { withdrawn: string }
    assert.equal(withdrawn.withdrawn, '2026-01-01T00:02:00.000Z')
    assert.deepEqual(await ids(`${version}${RELEASE_DIGEST}`), [])
    assert.deepEqual(await ids('?state=withdrawn'), [id])
    assert.equal((await call('POST', `${URL}/${id}/publish`, { as: boss })).status, 409)
    const lines = await call('GET', '/api/v1/audit', { as: boss })
    const actions = (lines.body as { items: Array<{ action: string; actor: string }> }).items
      .filter(({ action }) => action.startsWith('advisory.'))
      .map(({ action, actor }) => `${action} ${actor}`)
    assert.deepEqual(actions, [
      'advisory.withdraw user:boss',
      'advisory.publish user:boss',
      'advisory.update user:ann',
      'advisory.add user:ann',
    ])
  })

  test('a draft may be taken back by who made it', async () => {
    const { call, ann, sam } = world
    const { body } = await call('POST', URL, { as: ann, body: about('acme/web') })
    const { id } = body as { id: string }
    assert.equal((await call('POST', `${URL}/${id}/withdraw`, { as: sam })).status, 404)
    assert.equal((await call('POST', `${URL}/${id}/withdraw`, { as: ann })).status, 204)
    assert.equal((await call('GET', `${URL}/${id}`, { as: ann })).status, 404)
  })

  test('nobody writes about what is not theirs', async () => {
    const { call, sam, pat, weak, restricted, boss } = world
    const elsewhere = { affected: [{ package: { ecosystem: 'npm', name: 'x' }, versions: ['1'] }] }
    const cases: Array<[ApiWorld['ann'] | undefined, object, number]> = [
      [undefined, about('acme/web'), 401],
      [sam, about('acme/web'), 403],
      [sam, about('acme/secret'), 404],
      [sam, about('acme/nothing'), 404],
      [sam, elsewhere, 403],
      [pat, about('acme/web'), 403],
      [weak, about('acme/web'), 403],
      [restricted, about('acme/web'), 403],
      [boss, about('NO//NAME'), 422],
      [boss, { ...about('acme/web'), id: 'ACME-1' }, 422],
      [boss, elsewhere, 201],
      [boss, about('acme/nothing'), 201],
    ]
    for (const [as, body, status] of cases) {
      const answer = await call('POST', URL, { ...(as && { as }), body })
      assert.equal(answer.status, status, JSON.stringify([body, answer.body]))
    }
    const raced = await Promise.all(
      Array.from({ length: 8 }, () => call('POST', URL, { as: boss, body: elsewhere })),
    )
    const made = raced.map(({ body }) => (body as { id: string }).id)
    assert.equal(new Set(made).size, 8)
  })

  test('one about a private package is for its readers, also when that is gone', async () => {
    const { call, ann, rae, sam, boss, t } = world
    const body = { ...about('acme/secret'), id: 'GHSA-aaaa-bbbb-cccc' }
    assert.equal((await call('POST', URL, { as: ann, body })).status, 201)
    await call('POST', `${URL}/${body.id}/publish`, { as: boss })
    const seen = async (as?: ApiWorld['ann']) => {
      const one = await call('GET', `${URL}/${body.id}`, as ? { as } : {})
      const isListed = (await ids('', as)).includes(body.id)
      assert.equal(isListed, one.status === 200)
      return isListed
    }
    assert.deepEqual(
      [await seen(), await seen(sam), await seen(rae), await seen(boss)],
      [false, false, true, true],
    )
    const ref = { ecosystem: 'oci', namespace: 'acme', name: 'secret', key: 'secret' }
    await deletePackage(t.app, operator, ref)
    assert.deepEqual([await seen(), await seen(sam), await seen(boss)], [false, false, true])
  })

  test('the whole set is a zip of what everybody may read', async () => {
    const { call, boss, t } = world
    for (let n = 0; n < 5; n++) {
      const id = `CVE-2026-${n}`
      await call('POST', URL, { as: boss, body: { ...about('acme/web'), id } })
      await call('POST', `${URL}/${id}/publish`, { as: boss })
    }
    const answer = await call('GET', `${URL}.zip`)
    assert.deepEqual([answer.status, answer.headers.get('content-type')], [200, 'application/zip'])
    const chunks: Uint8Array[] = []
    for await (const chunk of exportAdvisories(t.app)) chunks.push(chunk)
    const files = unzipSync(new Uint8Array(Buffer.concat(chunks)))
    assert.deepEqual(Object.keys(files).sort(), (await ids('')).map((id) => `${id}.json`).sort())
    const one = JSON.parse(strFromU8(files['CVE-2026-3.json'] ?? new Uint8Array()))
    assert.deepEqual(one, (await call('GET', `${URL}/CVE-2026-3`)).body)
  })

  test('pages, and refuses what it cannot answer', async () => {
    const { call } = world
    const all = await ids('')
    const paged: string[] = []
    let next = ''
    do {
      const { body } = await call('GET', `${URL}?limit=2${next && `&after=${next}`}`)
      const page = body as { items: Array<{ id: string }>; next?: string }
      paged.push(...page.items.map(({ id }) => id))
      next = page.next ?? ''
    } while (next)
    assert.deepEqual(paged, all)
    const bad = ['version=1', 'package=acme/web', 'since=x', 'state=x', 'after=x', 'limit=0']
    for (const query of bad) assert.equal((await call('GET', `${URL}?${query}`)).status, 400, query)
    assert.equal((await call('GET', `${URL}?ecosystem=x&package=y`)).status, 404)
    for (const id of ['nope', '%00', '%F0%9F%98%80']) {
      const { status } = await call('GET', `${URL}/${id}`)
      assert.ok(status === 404 || status === 400, id)
    }
  })
})

describe('search over HTTP', () => {
  test('finds what the asker may read', async () => {
    const { call, rae, t } = await openApiWorld()
    try {
      const found = await call('GET', '/api/v1/search?q=web&ecosystem=oci&limit=1')
      assert.deepEqual(found.body, {
        items: [
          {
            ecosystem: 'oci',
            path: 'acme/web',
            namespace: 'acme',
            name: 'web',
            version: RELEASE_DIGEST,
            description: '',
            keywords: [],
            license: '',
            visibility: 'public',
            deprecation: null,
            updatedAt: AT,
          },
        ],
        total: 1,
      })
      const paths = async (query: string, as?: ApiWorld['ann']) => {
        const { body } = await call('GET', `/api/v1/search?${query}`, as ? { as } : {})
        return (body as { items: Array<{ path: string }> }).items.map(({ path }) => path)
      }
      assert.deepEqual(await paths('q=secret'), [])
      assert.deepEqual(await paths('q=secret', rae), ['acme/secret'])
      assert.deepEqual(await paths('namespace=acme', rae), ['acme/web', 'acme/secret'])
      assert.deepEqual(await paths('q=%22'), [])
      const first = await call('GET', '/api/v1/search?namespace=acme&limit=1', { as: rae })
      const { next } = first.body as { next: string }
      assert.deepEqual(await paths(`namespace=acme&limit=1&after=${next}`, rae), ['acme/secret'])
      for (const query of ['q=x&after=y', `q=${'x'.repeat(300)}`, 'updatedSince=x', 'license=']) {
        assert.equal((await call('GET', `/api/v1/search?${query}`)).status, 400, query)
      }
    } finally {
      await t.close()
    }
  })
})
