import assert from 'node:assert/strict'
import { addAdvisory } from '#core/advisories/add-advisory.ts'
import { publishAdvisory } from '#core/advisories/publish-advisory.ts'
import { withdrawAdvisory } from '#core/advisories/withdraw-advisory.ts'
import { updatePackage } from '#core/packages/update-package.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { operator } from '#test/app.ts'
import { type OriWorld, openOriWorld } from '#test/ori-world.ts'
import { packageRef } from './name.ts'

const OSV = 'application/vnd.osv+json'
const BASE = 'http://127.0.0.1:7080/ori/v1'

describe('ori advisories, in both forms', () => {
  let w: OriWorld
  before(async () => {
    w = await openOriWorld()
    for (const name of ['@acme/json', '@acme/secret']) {
      assert.equal((await w.publish({ name, version: '1.0.0' })).status, 201)
    }
    await setVisibility('@acme/secret', 'private')
  })
  after(() => w.t.close())

  const setVisibility = (name: string, visibility: 'public' | 'private') =>
    updatePackage(w.t.app, operator, packageRef(name), { visibility })
  const isKept = (path: string) => w.t.app.cache.get(`${BASE}${path}`) !== undefined
  const get = (path: string, headers: Record<string, string> = {}) =>
    w.ori('GET', path, { headers })
  const vulns = async (path: string, as?: typeof w.ann) => {
    const { body } = await w.ori('GET', path, { headers: { accept: OSV }, ...(as && { as }) })
    return (body as { vulns: Array<{ id: string }> }).vulns.map(({ id }) => id)
  }
  async function advise(...names: string[]): Promise<string> {
    const { id } = await addAdvisory(w.t.app, operator, {
      summary: 'Reads too far',
      affected: names.map((name) => ({
        package: { ecosystem: 'Ori', name },
        ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '1.0.1' }] }],
      })),
    })
    await publishAdvisory(w.t.app, operator, id)
    return id
  }

  test('as documents of OSV by Accept and by address; each says what it varies by', async () => {
    const id = await advise('@acme/json')
    const path = '/advisories?package=@acme/json'
    const exact = await get(path)
    const osv = await get(path, { accept: `text/html;q=0.1, ${OSV}` })
    const file = await get('/advisories.osv?package=@acme/json&version=1.0.0')
    const [{ schema_version, affected }] = (osv.body as { vulns: [Record<string, unknown>] }).vulns
    assert.equal(schema_version, '1.7.5')
    assert.deepEqual(affected, [
      {
        package: { ecosystem: 'Ori', name: '@acme/json' },
        ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '1.0.1' }] }],
      },
    ])
    assert.deepEqual(file.body, osv.body)
    for (const [answer, type, vary] of [
      [exact, 'application/json', 'Accept'],
      [osv, OSV, 'Accept'],
      [file, OSV, null],
    ] as const) {
      assert.equal(answer.status, 200)
      assert.equal(answer.headers.get('content-type'), type)
      assert.equal(answer.headers.get('vary'), vary)
      assert.equal(answer.headers.get('cache-control'), 'no-cache')
    }
    assert.notEqual(exact.headers.get('etag'), osv.headers.get('etag'))
    const plain = await get(path, { accept: `${OSV};q=0, application/json` })
    assert.deepEqual(plain.body, exact.body)
    const fixed = await get('/advisories.osv?package=@acme/json&version=1.0.1')
    assert.deepEqual(fixed.body, { vulns: [] })
    await withdrawAdvisory(w.t.app, operator, id)
  })

  test('from memory, with 304, until an advisory or a package changes', async () => {
    const paths = [
      '/advisories.osv',
      '/advisories.osv?package=@acme/json',
      '/advisories?package=@acme/json',
    ]
    for (const path of paths) {
      const first = await get(path)
      const etag = first.headers.get('etag') ?? ''
      assert.ok(isKept(path), path)
      const again = await get(path)
      assert.deepEqual([again.body, again.headers.get('etag')], [first.body, etag])
      assert.equal((await get(path, { 'if-none-match': etag })).status, 304)
      const id = await advise('@acme/json')
      const changed = await get(path, { 'if-none-match': etag })
      assert.equal(changed.status, 200)
      assert.ok(JSON.stringify(changed.body).includes(id))
      await withdrawAdvisory(w.t.app, operator, id)
      assert.match(JSON.stringify((await get(path)).body), /"withdrawn(_at)?":"2026-/)
    }
    await advise('@acme/json')
    const affected = async () => {
      const { body } = await get('/advisories?package=@acme/json')
      return (body as { advisories: Array<{ affected: string[] }> }).advisories.at(-1)?.affected
    }
    assert.deepEqual(await affected(), ['1.0.0'])
    assert.equal((await w.publish({ name: '@acme/json', version: '0.9.0' })).status, 201)
    assert.deepEqual(await affected(), ['0.9.0', '1.0.0'])
    // What a name without a package will have, nobody can tell.
    for (const path of ['/advisories', '/advisories?package=@acme/none']) {
      await get(path)
      assert.ok(!isKept(path), path)
    }
  })

  test('from memory nobody sees more or less than they may', async () => {
    const id = await advise('@acme/json', '@acme/secret')
    const path = '/advisories?package=@acme/json'
    const asMember = async () => (await vulns(path, w.rae)).includes(id)
    const asStranger = async () => (await vulns(path)).includes(id)
    for (let times = 0; times < 2; times++) {
      assert.deepEqual([await asMember(), await asStranger()], [true, false])
    }
    assert.ok(isKept(path))
    const own = await w.ori('GET', path, { as: w.rae })
    assert.equal(own.headers.get('cache-control'), 'private, no-cache')
    await setVisibility('@acme/secret', 'public')
    assert.deepEqual([await asMember(), await asStranger()], [true, true])
    await setVisibility('@acme/secret', 'private')
    assert.deepEqual([await asMember(), await asStranger()], [true, false])
    const wrong = await w.ori('GET', path, { headers: { authorization: 'Bearer ori_wrong' } })
    assert.equal(wrong.status, 401)
  })
})
