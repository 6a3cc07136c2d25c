import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { addAdvisory } from '#core/advisories/add-advisory.ts'
import { publishAdvisory } from '#core/advisories/publish-advisory.ts'
import { collectGarbage } from '#core/blobs/collect.ts'
import { sequence } from '#core/log/sequence.ts'
import { updatePackage } from '#core/packages/update-package.ts'
import { ecosystems } from '#ecosystems/index.ts'
import { createFetch } from '#http/server.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { operator } from '#test/app.ts'
import { type GrenDraft, makeBundle, makeOutline, rangeFrom } from '#test/gren-packages.ts'
import { type GrenWorld, openGrenWorld, readGrenAnswer } from '#test/gren-world.ts'
import { testServerOptions } from '#test/served.ts'
import { packageRef } from './name.ts'

const README = `# The base\n\n${'Words. '.repeat(60)}`

describe('gren registry', () => {
  let w: GrenWorld
  const base: GrenDraft = {
    name: 'acme/base',
    version: '1.0.0',
    summary: 'A <base> & "more"',
    exposed: { Main: ['Base'], More: ['Base.More'] },
    extras: {
      readme: README,
      docs: [{ name: 'Base', comment: ' All of it. ', unions: [], values: [] }],
    },
  }
  const drafts: GrenDraft[] = [
    base,
    { ...base, version: '1.1.0', grenVersion: '0.6.3 <= v < 0.7.0', extras: {} },
    { ...base, version: '2.0.0', grenVersion: '0.7.0 <= v < 0.8.0', platform: 'node' },
  ]
  before(async () => {
    w = await openGrenWorld()
    for (const draft of drafts) {
      const made = await w.publish(draft)
      assert.equal(made.status, 201, JSON.stringify(made.body))
      w.t.clock.advance(60)
    }
    const needs = [
      ['acme/user', { 'acme/base': '1.1.0 <= v < 2.0.0' }],
      ['acme/other', { 'acme/base': '1.0.0 <= v < 2.0.0' }],
      ['acme/newer', { 'acme/base': rangeFrom('2.0.0') }],
    ] as const
    for (const [name, dependencies] of needs) {
      const made = await w.publish({ name, version: '1.0.0', platform: 'node', dependencies })
      assert.equal(made.status, 201, JSON.stringify(made.body))
    }
  })
  after(() => w.t.close())

  const get = (path: string, more = {}) => w.gren('GET', `/package/acme/base${path}`, more)
  const answerOf = async (path: string, more = {}) => {
    const { status, body } = await get(path, more)
    return [status, body]
  }

  test('versions, ascending, as JSON or as lines', async () => {
    const { status, headers, body } = await get('/versions')
    assert.deepEqual([status, body], [200, ['1.0.0', '1.1.0', '2.0.0']])
    assert.equal(headers.get('cache-control'), 'no-cache')
    assert.match(headers.get('vary') ?? '', /accept/i)
    const headersOf = { 'if-none-match': headers.get('etag') ?? '' }
    assert.equal((await get('/versions', { headers: headersOf })).status, 304)
    const text = await get('/versions', { headers: { accept: 'text/plain' } })
    assert.equal(text.headers.get('content-type'), 'text/plain; charset=utf-8')
    assert.equal(text.body, '1.0.0\n1.1.0\n2.0.0\n')
    assert.deepEqual((await get('/versions')).body, body)
    assert.deepEqual(await answerOf('/versions?yanked=maybe'), [
      400,
      { message: 'yanked is true or false' },
    ])
  })

  test('latest, for a compiler and a platform', async () => {
    const latest = (version: string) => [200, { name: 'acme/base', version }]
    assert.deepEqual(await answerOf('/latest'), latest('2.0.0'))
    assert.deepEqual(await answerOf('/latest?compiler=0.6.5'), latest('1.1.0'))
    assert.deepEqual(await answerOf('/latest?compiler=0.6.0'), latest('1.0.0'))
    assert.deepEqual(await answerOf('/latest?compiler=0.7.1&platform=node'), latest('2.0.0'))
    assert.deepEqual(await answerOf('/latest?platform=browser'), latest('1.1.0'))
    const none = [404, { message: 'acme/base has no such version' }]
    assert.deepEqual(await answerOf('/latest?compiler=0.7.1&platform=browser'), none)
    assert.deepEqual(await answerOf('/latest?compiler=0.5.0'), none)
    assert.equal((await get('/latest?compiler=0.6')).status, 400)
    assert.equal((await get('/latest?platform=server')).status, 400)
    const text = await get('/latest?compiler=0.6.5', { headers: { accept: 'text/plain, */*' } })
    assert.equal(text.body, '1.1.0\n')
    const unknown = await w.gren('GET', '/package/acme/none/latest')
    assert.deepEqual(
      [unknown.status, unknown.body],
      [404, { message: 'no package acme/none here' }],
    )
  })

  test('previous', async () => {
    assert.deepEqual(await answerOf('/2.0.0/previous'), [
      200,
      { name: 'acme/base', version: '1.1.0' },
    ])
    const none = [404, { message: 'acme/base has none before 1.0.0' }]
    assert.deepEqual(await answerOf('/1.0.0/previous'), none)
    assert.deepEqual(await answerOf('/9.0.0/previous'), [
      404,
      { message: 'acme/base has no 9.0.0' },
    ])
    assert.deepEqual(await answerOf('/v1/previous'), [404, { message: 'not a version: v1' }])
  })

  test('the bundle: the bytes as sent, with checksum, range and place in the log', async () => {
    const bundle = makeBundle(base)
    const hash = createHash('sha256').update(bundle)
    const digest = hash.copy().digest('hex')
    const base64 = hash.digest('base64')
    for (let time = 0; time < 2; time++) {
      const { status, headers, bytes } = await get('/1.0.0/bundle')
      assert.equal(status, 200)
      assert.equal(Buffer.compare(bytes, bundle), 0)
      const wanted = {
        'content-type': 'application/gzip',
        'content-disposition': 'attachment; filename="acme_base__1_0_0.pkg.gz"',
        digest: `sha-256=${base64}`,
        'repr-digest': `sha-256=:${base64}:`,
        etag: `"sha256:${digest}"`,
        'cache-control': 'public, max-age=31536000, immutable',
        'content-encoding': null,
      }
      for (const [name, value] of Object.entries(wanted)) assert.equal(headers.get(name), value)
    }
    const part = await get('/1.0.0/bundle', { headers: { range: 'bytes=2-9' } })
    assert.deepEqual([part.status, [...part.bytes]], [206, [...bundle.subarray(2, 10)]])
    await sequence(w.t.app)
    const proof = await get('/1.0.0/bundle.tlog-proof')
    assert.equal(proof.status, 200)
    assert.match(String(proof.body), /^c2sp\.org\/tlog-proof@v1/)
    assert.equal((await get('/9.0.0/bundle')).status, 404)
  })

  test('the outline is gren.json as it was published', async () => {
    const { status, body, bytes } = await get('/1.0.0/outline')
    assert.deepEqual([status, body], [200, makeOutline(base)])
    assert.equal(new TextDecoder().decode(bytes), JSON.stringify(makeOutline(base)))
  })

  test('what the docs site tells: overview and modules, of a version, a prefix or the latest', async () => {
    const moved = await get('')
    assert.deepEqual(
      [moved.status, moved.headers.get('location')],
      [303, 'base/version/2.0.0/overview'],
    )
    const overview = (version: string, readme: string) => [
      200,
      { name: 'acme/base', version, readme },
    ]
    assert.deepEqual(await answerOf('/version/latest/overview'), overview('2.0.0', README))
    assert.deepEqual(await answerOf('/version/1/overview'), overview('1.1.0', ''))
    assert.deepEqual(await answerOf('/version/1.0/overview'), overview('1.0.0', README))
    assert.deepEqual(await answerOf('/version/1.0.0/overview'), overview('1.0.0', README))
    assert.deepEqual(await answerOf('/version/3/overview'), [
      404,
      { message: 'acme/base has no version 3' },
    ])
    const told = { name: 'Base', comment: ' All of it. ', unions: [], values: [] }
    assert.deepEqual(await answerOf('/version/1.0.0/module/Base'), [
      200,
      { package: 'acme/base', version: '1.0.0', ...told },
    ])
    assert.deepEqual(await answerOf('/version/1.1/module/Base.More'), [
      200,
      {
        package: 'acme/base',
        version: '1.1.0',
        name: 'Base.More',
        comment: 'The module Base.More.',
      },
    ])
    assert.deepEqual(await answerOf('/version/1.1.0/module/None'), [
      404,
      { message: 'acme/base 1.1.0 has no module None' },
    ])
  })

  test('all packages, and search', async () => {
    const { status, body } = await w.gren('GET', '/package?limit=2')
    const { packages, next } = body as { packages: object[]; next: string }
    assert.deepEqual([status, packages.length], [200, 2])
    const rest = await w.gren('GET', `/package?limit=2&after=${next}`)
    assert.equal((rest.body as { packages: object[] }).packages.length, 2)
    const found = await w.gren('GET', '/package/search?query=base')
    const { packages: hits, ...more } = found.body as { packages: object[] }
    assert.deepEqual(more, { query: 'base', total: 1 })
    assert.deepEqual(hits, [
      {
        name: 'acme/base',
        version: '2.0.0',
        summary: 'A <base> & "more"',
        license: 'BSD-3-Clause',
      },
    ])
    const without = await w.gren('GET', '/package/search')
    assert.deepEqual(
      [without.status, without.body],
      [400, { message: 'query is needed: what to look for' }],
    )
  })

  test('the feed is RSS of what came last', async () => {
    const { status, headers, body } = await w.gren('GET', '/feed/rss')
    assert.equal(status, 200)
    assert.equal(headers.get('content-type'), 'application/rss+xml; charset=utf-8')
    const titles = [...String(body).matchAll(/<item>\n<title>(.*)<\/title>/g)].map(([, one]) => one)
    assert.deepEqual(titles, [
      'acme/newer 1.0.0',
      'acme/other 1.0.0',
      'acme/user 1.0.0',
      'acme/base 2.0.0',
      'acme/base 1.1.0',
      'acme/base 1.0.0',
    ])
    const item = `<item>
<title>acme/base 1.0.0</title>
<link>http://127.0.0.1:7080/gren/package/acme/base/version/1.0.0/overview</link>
<guid isPermaLink="true">http://127.0.0.1:7080/gren/package/acme/base/version/1.0.0/overview</guid>
<description>A &lt;base&gt; &amp; &quot;more&quot;</description>
<pubDate>Thu, 01 Jan 2026 00:00:00 GMT</pubDate>
</item>`
    assert.ok(String(body).includes(item), String(body))
    await w.publish({ name: 'acme/fresh', version: '1.0.0' })
    await sequence(w.t.app)
    const later = await w.gren('GET', '/feed/rss')
    assert.match(String(later.body), /acme\/fresh 1\.0\.0/)
    await updatePackage(w.t.app, operator, packageRef('acme/fresh'), { visibility: 'private' })
    const hidden = await w.gren('GET', '/feed/rss', { as: w.ann })
    assert.doesNotMatch(String(hidden.body), /acme\/fresh/)
  })

  test('health, unknown paths and methods', async () => {
    const health = await w.gren('GET', '/health')
    assert.deepEqual([health.status, health.body], [200, { health: 'OK' }])
    const none = await w.gren('GET', '/nothing')
    assert.deepEqual([none.status, none.body], [404, { message: 'no such endpoint' }])
    const post = await w.gren('POST', '/package/acme/base/versions', { as: w.ann })
    assert.deepEqual([post.status, post.headers.get('allow')], [405, 'GET, HEAD'])
    assert.equal((await w.gren('GET', '/package/acme/Bad/versions')).status, 400)
    assert.equal((await w.gren('GET', '/package/acme%2Fx/base/versions')).status, 400)
  })

  test('whatever a path says, it is no failure of ours', async () => {
    const odd = [
      '%00',
      '%FF',
      '..%2f..',
      '__proto__',
      'x'.repeat(5000),
      '%F0%9F%8C%B1',
      '1.0.0',
      ' ',
    ]
    const shapes = [
      (one: string) => `/package/${one}/base/versions`,
      (one: string) => `/package/acme/${one}/latest`,
      (one: string) => `/package/acme/base/${one}/bundle`,
      (one: string) => `/package/acme/base/version/${one}/overview`,
      (one: string) => `/package/acme/base/version/1.0.0/module/${one}`,
      (one: string) => `/package/acme/base/latest?compiler=${one}`,
      (one: string) => `/package/search?query=${one}`,
      (one: string) => `/package?after=${one}`,
      (one: string) => `/advisories?package=${one}`,
    ]
    for (const shape of shapes) {
      for (const one of odd) {
        const { status } = await w.gren('GET', shape(one))
        assert.ok(status < 500, `${shape(one).slice(0, 100)} → ${status}`)
      }
    }
  })

  test('versions and latest cost no query once they were asked for, for each question', async () => {
    const { app } = w.t
    let queries = 0
    const counting = new Proxy(app.database.db, {
      get(target, name) {
        queries++
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const database = { ...app.database, db: counting }
    const fetch = createFetch({ ...app, database }, ecosystems, testServerOptions())
    const ask = async (path: string, accept?: string) => {
      const request = new Request(`http://127.0.0.1:7080/gren/package/acme/base${path}`, {
        headers: accept === undefined ? {} : { accept },
      })
      queries = 0
      const answer = await fetch(request, { remoteAddress: () => '192.0.2.9' })
      const { body } = await readGrenAnswer(answer, path)
      return { body, queries }
    }
    const paths = ['/versions', '/latest?compiler=0.6.5', '/latest?compiler=0.7.0&platform=node']
    for (const path of paths) {
      const first = await ask(path)
      const second = await ask(path)
      assert.deepEqual([second.body, second.queries], [first.body, 0], path)
      const text = await ask(path, 'text/plain')
      assert.equal(typeof text.body, 'string')
      assert.ok(text.queries > 0)
    }
  })

  test('a yanked version is nobody’s latest, and can still be got', async () => {
    const yank = await w.gren('POST', '/package/acme/base/2.0.0/yank', {
      as: w.pat,
      body: { reason: 'wrong' },
    })
    assert.deepEqual([yank.status, yank.body], [200, { version: '2.0.0', yanked: true }])
    assert.deepEqual(await answerOf('/latest'), [200, { name: 'acme/base', version: '1.1.0' }])
    assert.deepEqual(await answerOf('/versions'), [200, ['1.0.0', '1.1.0', '2.0.0']])
    assert.deepEqual(await answerOf('/versions?yanked=false'), [200, ['1.0.0', '1.1.0']])
    assert.equal((await get('/2.0.0/bundle')).status, 200)
    const { body } = await get('/version/2.0.0/overview')
    assert.equal((body as { yanked: boolean }).yanked, true)
    assert.equal((await w.gren('POST', '/package/acme/base/2.0.0/yank', { as: w.rae })).status, 403)
    const unyank = await w.gren('POST', '/package/acme/base/2.0.0/unyank', { as: w.pat })
    assert.deepEqual(unyank.body, { version: '2.0.0', yanked: false })
    assert.deepEqual(await answerOf('/latest'), [200, { name: 'acme/base', version: '2.0.0' }])
  })

  test('deprecation, of a version and of all', async () => {
    const one = await w.gren('POST', '/package/acme/base/1.0.0/deprecate', {
      as: w.pat,
      body: { message: 'use 2' },
    })
    assert.deepEqual([one.status, one.body], [200, { version: '1.0.0', deprecated: 'use 2' }])
    const { body } = await get('/version/1.0.0/overview')
    assert.equal((body as { deprecated: string }).deprecated, 'use 2')
    const all = await w.gren('POST', '/package/acme/base/deprecate', {
      as: w.pat,
      body: { message: 'use acme/other' },
    })
    assert.deepEqual(all.body, { deprecated: 'use acme/other' })
    const found = await w.gren('GET', '/package/search?query=base')
    const { packages } = found.body as { packages: Array<{ deprecated: string }> }
    assert.equal(packages[0]?.deprecated, 'use acme/other')
    const back = await w.gren('POST', '/package/acme/base/deprecate', { as: w.pat })
    assert.deepEqual(back.body, { deprecated: null })
  })

  test('advisories, with the versions that are here', async () => {
    await addAdvisory(w.t.app, operator, {
      id: 'x_entrepot-2026-1',
      summary: 'Reads too much',
      affected: [
        {
          package: { ecosystem: 'Gren', name: 'acme/base' },
          ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '2.0.0' }] }],
        },
      ],
    })
    await publishAdvisory(w.t.app, operator, 'x_entrepot-2026-1')
    const { status, body } = await w.gren('GET', '/advisories?package=acme/base&version=1.1.0')
    const { advisories } = body as { advisories: Array<Record<string, unknown>> }
    assert.equal(status, 200)
    assert.deepEqual(
      advisories.map(({ id, package: of, affected, patched }) => ({ id, of, affected, patched })),
      [
        {
          id: 'x_entrepot-2026-1',
          of: 'acme/base',
          affected: ['1.0.0', '1.1.0'],
          patched: ['2.0.0'],
        },
      ],
    )
    const clean = await w.gren('GET', '/advisories?package=acme/base&version=2.0.0')
    assert.deepEqual(clean.body, { advisories: [] })
  })

  test('revoked: gone, its number taken, its dependents told', async () => {
    for (const [as, status] of [
      [w.rae, 403],
      [w.sam, 403],
      [undefined, 401],
    ] as const) {
      const answer = await w.gren('DELETE', '/package/acme/base/1.1.0', as && { as })
      assert.equal(answer.status, status)
    }
    const { status, body } = await w.gren('DELETE', '/package/acme/base/1.1.0', {
      as: w.pat,
      body: { reason: 'has a secret in it' },
    })
    assert.deepEqual(
      [status, body],
      [
        200,
        {
          revoked: ['1.1.0'],
          dependents: [
            { name: 'acme/other', version: '1.0.0', requires: '1.0.0 <= v < 2.0.0', breaks: false },
            { name: 'acme/user', version: '1.0.0', requires: '1.1.0 <= v < 2.0.0', breaks: true },
          ],
        },
      ],
    )
    const gone = [410, { message: 'revoked' }]
    for (const path of [
      '/1.1.0/bundle',
      '/1.1.0/outline',
      '/1.1.0/readme',
      '/1.1.0/previous',
      '/1.1.0/bundle.tlog-proof',
      '/version/1.1.0/overview',
      '/version/1.1.0/module/Base',
    ]) {
      assert.deepEqual(await answerOf(path), gone, path)
    }
    assert.deepEqual(await answerOf('/versions'), [200, ['1.0.0', '2.0.0']])
    assert.deepEqual(await answerOf('/latest?compiler=0.6.5'), [
      200,
      { name: 'acme/base', version: '1.0.0' },
    ])
    const again = await w.gren('DELETE', '/package/acme/base/1.1.0', { as: w.pat })
    assert.deepEqual([again.status, again.body], gone)
    const yank = await w.gren('POST', '/package/acme/base/1.1.0/yank', { as: w.pat })
    assert.deepEqual([yank.status, yank.body], gone)
    const { db } = w.t.app.database
    const line = await db
      .selectFrom('audit')
      .select(['actor', 'subject', 'detail'])
      .where('action', '=', 'release.revoke')
      .executeTakeFirstOrThrow()
    const digest = createHash('sha256')
      .update(makeBundle(drafts[1] as GrenDraft))
      .digest('hex')
    assert.deepEqual(
      { ...line, detail: JSON.parse(line.detail) },
      {
        actor: 'user:pat',
        subject: 'package:gren:acme/base',
        detail: { version: '1.1.0', digest: `sha256:${digest}`, reason: 'has a secret in it' },
      },
    )
    const logged = await db
      .selectFrom('logEntries')
      .select(['version', 'digest'])
      .where('event', '=', 'remove')
      .execute()
    assert.deepEqual(logged, [{ version: '1.1.0', digest: `sha256:${digest}` }])
  })

  test('bytes that another package has too stay when one is revoked', async () => {
    const shared = { readme: 'The same readme in two packages' }
    for (const name of ['acme/twin-a', 'acme/twin-b']) {
      assert.equal((await w.publish({ name, version: '1.0.0', extras: shared })).status, 201)
    }
    const revoked = await w.gren('DELETE', '/package/acme/twin-a', { as: w.ann })
    assert.deepEqual(revoked.body, { revoked: ['1.0.0'], dependents: [] })
    w.t.clock.advance(2 * 86_400)
    await collectGarbage(w.t.app, { dryRun: false })
    const readme = await w.gren('GET', '/package/acme/twin-b/1.0.0/readme')
    assert.equal(new TextDecoder().decode(readme.bytes), shared.readme)
    const bundle = createHash('sha256').update(
      makeBundle({ name: 'acme/twin-a', version: '1.0.0', extras: shared }),
    )
    const left = await w.t.app.database.db
      .selectFrom('blobs')
      .select('digest')
      .where('digest', '=', `sha256:${bundle.digest('hex')}`)
      .execute()
    assert.deepEqual(left, [])
  })

  test('all of a package revoked: only its numbers are left', async () => {
    const revoked = await w.gren('DELETE', '/package/acme/base', { as: w.ann })
    const { dependents, ...rest } = revoked.body as { dependents: Array<{ name: string }> }
    assert.deepEqual(rest, { revoked: ['1.0.0', '2.0.0'] })
    assert.deepEqual(
      dependents.map(({ name }) => name),
      ['acme/newer', 'acme/other'],
    )
    assert.deepEqual(await answerOf('/versions'), [200, []])
    assert.equal((await get('')).status, 404)
    assert.equal((await get('/latest')).status, 404)
    const again = await w.gren('DELETE', '/package/acme/base', { as: w.ann })
    assert.deepEqual(
      [again.status, again.body],
      [404, { message: 'acme/base has no release that is left' }],
    )
    const search = await w.gren('GET', '/package/search?query=base')
    assert.equal((search.body as { total: number }).total, 0)
    assert.equal((await w.publish({ ...base, version: '1.0.0' })).status, 409)
    assert.equal((await w.publish({ ...base, version: '2.0.1' })).status, 201)
  })

  test('at the root of a host of its own', async () => {
    const hosts = { gren: ['gren.example.org'] }
    const fetch = createFetch(w.t.app, ecosystems, testServerOptions({ hosts }))
    const request = new Request('http://gren.example.org/package/acme/base/latest')
    const answer = await fetch(request, { remoteAddress: () => '192.0.2.9' })
    const { body } = await readGrenAnswer(answer, 'latest')
    assert.deepEqual(body, { name: 'acme/base', version: '2.0.1' })
  })
})
