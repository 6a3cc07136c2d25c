import assert from 'node:assert/strict'
import { addAdvisory } from '#core/advisories/add-advisory.ts'
import { publishAdvisory } from '#core/advisories/publish-advisory.ts'
import { withdrawAdvisory } from '#core/advisories/withdraw-advisory.ts'
import { digestOf } from '#core/blobs/digest.ts'
import { parseVerifier } from '#core/log/note.ts'
import { readLogState } from '#core/log/read-log.ts'
import { sequence } from '#core/log/sequence.ts'
import { verifyRelease } from '#core/log/verify-release.ts'
import { updatePackage } from '#core/packages/update-package.ts'
import { ecosystems } from '#ecosystems/index.ts'
import { createFetch } from '#http/server.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { credential } from '#test/actors.ts'
import { operator } from '#test/app.ts'
import {
  type Draft,
  lockOf,
  type OriWorld,
  openOriWorld,
  pack,
  readAnswer,
} from '#test/ori-world.ts'
import { testServerOptions } from '#test/served.ts'

const codeOf = ({ status, body }: { status: number; body: unknown }) => [
  status,
  (body as { error?: { code?: string } }).error?.code,
]

describe('ori registry', () => {
  let w: OriWorld
  const http: Draft = { name: '@acme/http', version: '1.0.0' }
  const json: Draft = {
    name: '@acme/json',
    version: '1.0.0',
    project: `license = "MIT"
authors = ["Ann"]
keywords = ["parser"]
categories = ["data"]
repository = "https://example.org/json"`,
    tables: `[features]
default = ["std.io"]
[project.entry]
lib = "src/lib.ori"`,
    needs: [lockOf(http)],
  }
  const versions = ['1.0.0', '1.1.0', '2.0.0-rc.1'] as const
  before(async () => {
    w = await openOriWorld()
    assert.equal((await w.publish(http)).status, 201)
    for (const version of versions) {
      const made = await w.publish({ ...json, version }, w.pat)
      assert.equal(made.status, 201, JSON.stringify(made.body))
      w.t.clock.advance(60)
    }
  })
  after(() => w.t.close())

  const get = (path: string, more = {}) => w.ori('GET', `/packages/acme/json${path}`, more)
  const line = (version: string, minute: number, more = {}) => ({
    version,
    checksum: digestOf(pack({ ...json, version })),
    yanked: false,
    deprecated: null,
    published_at: `2026-01-01T00:0${minute}:00.000Z`,
    ori: '0.5.0',
    ...more,
  })

  test('versions, newest first, however the scope is written', async () => {
    const expected = {
      package: '@acme/json',
      versions: [line('2.0.0-rc.1', 2), line('1.1.0', 1), line('1.0.0', 0)],
    }
    for (const scope of ['acme', '@acme', '%40acme']) {
      const { status, headers, body } = await w.ori('GET', `/packages/${scope}/json/versions`)
      assert.deepEqual([status, body], [200, expected])
      assert.equal(headers.get('cache-control'), 'no-cache')
      const again = await w.ori('GET', `/packages/${scope}/json/versions`, {
        headers: { 'if-none-match': headers.get('etag') ?? '' },
      })
      assert.equal(again.status, 304)
    }
  })

  test('metadata is the manifest in one shape, and what happened since', async () => {
    const { status, body } = await get('/1.0.0/metadata')
    const { log, ...rest } = body as { log: { leaf_hash: string } }
    const archive = pack(json)
    assert.equal(status, 200)
    assert.deepEqual(rest, {
      name: '@acme/json',
      version: '1.0.0',
      description: 'The @acme/json package',
      license: 'MIT',
      authors: ['Ann'],
      repository: 'https://example.org/json',
      keywords: ['parser'],
      categories: ['data'],
      funding: [],
      edition: null,
      ori: '0.5.0',
      entry: { lib: 'src/lib.ori' },
      dependencies: [
        {
          name: '@acme/http',
          version: '1.0.0',
          features: [],
          default_features: true,
          kind: 'normal',
          target: null,
        },
      ],
      std_dependencies: [],
      features: { default: ['std.io'] },
      checksum: digestOf(archive),
      size: archive.byteLength,
      yanked: false,
      deprecated: null,
      published_at: '2026-01-01T00:00:00.000Z',
      advisories: [],
    })
    assert.match(log.leaf_hash, /^[A-Za-z0-9+/]{43}=$/)
  })

  test('download: the bytes, their digest, ranges, forever', async () => {
    const archive = pack(json)
    const { status, headers, bytes } = await get('/1.0.0/download')
    assert.equal(status, 200)
    assert.deepEqual(Buffer.from(bytes), Buffer.from(archive))
    const base64 = Buffer.from(digestOf(archive).slice(7), 'hex').toString('base64')
    const expected = {
      'content-type': 'application/vnd.ori.oripk',
      'content-disposition': 'attachment; filename="acme-json-1.0.0.oripk"',
      digest: `sha-256=${base64}`,
      'repr-digest': `sha-256=:${base64}:`,
      etag: `"${digestOf(archive)}"`,
      'cache-control': 'public, max-age=31536000, immutable',
      'accept-ranges': 'bytes',
    }
    for (const [name, value] of Object.entries(expected)) assert.equal(headers.get(name), value)
    const part = await get('/1.0.0/download', { headers: { range: 'bytes=10-19' } })
    assert.equal(part.status, 206)
    assert.deepEqual(Buffer.from(part.bytes), Buffer.from(archive.subarray(10, 20)))
    const outside = await get('/1.0.0/download', { headers: { range: 'bytes=999999-' } })
    assert.equal(outside.status, 416)
    const known = { 'if-none-match': `"${digestOf(archive)}"` }
    assert.equal((await get('/1.0.0/download', { headers: known })).status, 304)
    const head = await w.ori('HEAD', '/packages/acme/json/1.0.0/download')
    assert.deepEqual([head.status, head.bytes.byteLength], [200, 0])
  })

  test('the log tells of a release from its next checkpoint on', async () => {
    const logOf = async () =>
      ((await get('/1.1.0/metadata')).body as { log: { index: number | null; leaf_hash: string } })
        .log
    const before = await logOf()
    assert.equal(before.index, null)
    await sequence(w.t.app)
    const { index, leaf_hash } = await logOf()
    assert.deepEqual([index, leaf_hash], [2, before.leaf_hash])
    const { status, bytes } = await get('/1.1.0/download.tlog-proof')
    assert.equal(status, 200)
    const proof = Buffer.from(bytes).toString()
    assert.match(proof, /^c2sp\.org\/tlog-proof@v1\nindex 2\n/)
    const digest = digestOf(pack({ ...json, version: '1.1.0' }))
    const facts = { ecosystem: 'ori', version: '1.1.0', digest }
    const { db } = w.t.app.database
    const { verifierKeys } = await readLogState(db)
    const [key = ''] = verifierKeys.split(' ')
    const log = { origin: key.split('+')[0] ?? '', verifiers: [parseVerifier(key)] }
    assert.equal(verifyRelease(proof, { ...facts, name: '@acme/json' }, log).size, 4)
    assert.throws(() => verifyRelease(proof, { ...facts, name: '@acme/http' }, log))
  })

  test('what is not there', async () => {
    for (const [path, code] of [
      ['/packages/acme/nobody/versions', 'package_unknown'],
      ['/packages/nobody/json/versions', 'package_unknown'],
      ['/packages/acme/json/9.9.9/metadata', 'release_unknown'],
      ['/packages/acme/json/latest/download', 'release_unknown'],
      ['/packages/acme/json/1.0.0', 'method_not_allowed'],
      ['/packages/acme/json', 'not_found'],
      ['/nothing', 'not_found'],
    ] as const) {
      const answer = await w.ori('GET', path)
      assert.equal(codeOf(answer)[1], code, path)
    }
    const method = await w.ori('POST', '/packages/acme/json/versions')
    assert.equal(method.headers.get('allow'), 'GET, HEAD')
    assert.equal((await get('/versions?include_yanked=maybe')).status, 400)
  })

  test('a yanked version is left out of new installs, and still there for locks', async () => {
    const path = '/packages/acme/json/1.1.0'
    const post = (verb: string, more = {}) => w.ori('POST', `${path}/${verb}`, more)
    assert.deepEqual(codeOf(await post('yank')), [401, 'unauthenticated'])
    assert.deepEqual(codeOf(await post('yank', { as: w.sam })), [403, 'forbidden'])
    assert.deepEqual(codeOf(await post('yank', { as: w.rae })), [403, 'forbidden'])
    const done = { version: '1.1.0', yanked: true }
    assert.deepEqual((await post('yank', { as: w.pat, body: { reason: 'leaks' } })).body, done)
    assert.deepEqual((await post('yank', { as: w.pat })).body, done)
    const listed = async (query: string) => {
      const { body } = await get(`/versions${query}`)
      return (body as { versions: { version: string; yanked: boolean }[] }).versions.map(
        (one) => `${one.version}${one.yanked ? ' yanked' : ''}`,
      )
    }
    assert.deepEqual(await listed(''), ['2.0.0-rc.1', '1.1.0 yanked', '1.0.0'])
    assert.deepEqual(await listed('?include_yanked=false'), ['2.0.0-rc.1', '1.0.0'])
    assert.equal((await get('/1.1.0/download')).status, 200)
    const metadata = (await get('/1.1.0/metadata')).body as { yanked: boolean; yank_reason: string }
    assert.deepEqual([metadata.yanked, metadata.yank_reason], [true, 'leaks'])
    const undone = await post('unyank', { as: w.ann })
    assert.deepEqual(undone.body, { version: '1.1.0', yanked: false })
    assert.deepEqual(await listed('?include_yanked=false'), ['2.0.0-rc.1', '1.1.0', '1.0.0'])
    assert.equal((await w.ori('POST', '/packages/acme/json/9.0.0/yank', { as: w.ann })).status, 404)
  })

  test('a deprecation message is shown until it is taken back', async () => {
    const path = '/packages/acme/json/1.0.0/deprecate'
    const post = (body: unknown) => w.ori('POST', path, { as: w.pat, body })
    const done = await post({ message: 'Use 2.x' })
    assert.deepEqual(done.body, { version: '1.0.0', deprecated: 'Use 2.x' })
    const shown = (await get('/versions')).body as { versions: { deprecated: string | null }[] }
    assert.deepEqual(
      shown.versions.map((one) => one.deprecated),
      [null, null, 'Use 2.x'],
    )
    const metadata = (await get('/1.0.0/metadata')).body as { deprecated: unknown }
    assert.deepEqual(metadata.deprecated, { message: 'Use 2.x', at: '2026-01-01T00:03:00.000Z' })
    assert.equal((await post({ message: 'x'.repeat(501) })).status, 400)
    assert.equal((await post({ message: 5 })).status, 400)
    assert.equal((await post('{')).status, 400)
    assert.deepEqual((await post({ message: null })).body, { version: '1.0.0', deprecated: null })
    const after = (await get('/1.0.0/metadata')).body as { deprecated: unknown }
    assert.equal(after.deprecated, null)
  })

  test('private packages are nothing to strangers', async () => {
    const ref = { ecosystem: 'ori', namespace: 'acme', name: 'hidden', key: 'hidden' }
    assert.equal((await w.publish({ name: '@acme/hidden', version: '1.0.0' })).status, 201)
    const paths = ['versions', '1.0.0/metadata', '1.0.0/download']
    const read = (path: string, more = {}) => w.ori('GET', `/packages/acme/hidden/${path}`, more)
    for (const path of paths) assert.equal((await read(path)).status, 200)
    await updatePackage(w.t.app, operator, ref, { visibility: 'private' })
    const scopeless = await credential(w.t.app, { user: 'rae' }, { scopes: ['publish'] })
    for (const path of paths) {
      assert.deepEqual(codeOf(await read(path)), [404, 'package_unknown'])
      assert.deepEqual(codeOf(await read(path, { as: w.sam })), [404, 'package_unknown'])
      assert.deepEqual(codeOf(await read(path, { as: scopeless })), [404, 'package_unknown'])
      const mine = await read(path, { as: w.rae })
      assert.equal(mine.status, 200)
      assert.match(mine.headers.get('cache-control') ?? '', /^private/)
      assert.deepEqual(codeOf(await read(path)), [404, 'package_unknown'])
    }
    const found = await w.ori('GET', '/search?q=hidden')
    assert.deepEqual((found.body as { results: unknown[] }).results, [])
  })

  test('search by words, scope and keyword, in pages', async () => {
    const search = async (query: string, more = {}) =>
      (await w.ori('GET', `/search?${query}`, more)).body as {
        total: number
        results: { name: string }[]
      }
    const found = await search('q=json')
    assert.deepEqual(found, {
      query: 'json',
      total: 1,
      page: 1,
      per_page: 20,
      results: [
        {
          name: '@acme/json',
          version: '2.0.0-rc.1',
          description: 'The @acme/json package',
          keywords: ['parser'],
          deprecated: null,
        },
      ],
    })
    const names = ({ results }: { results: { name: string }[] }) => results.map((one) => one.name)
    assert.deepEqual(names(await search('q=acme&scope=acme&per_page=1&page=1')).length, 1)
    const pages = [1, 2, 3].map((page) => search(`q=&scope=%40acme&per_page=1&page=${page}`))
    const paged = (await Promise.all(pages)).flatMap(names)
    assert.deepEqual(paged.sort(), ['@acme/http', '@acme/json'])
    assert.deepEqual(names(await search('q=&keyword=parser')), ['@acme/json'])
    assert.deepEqual(names(await search('q=&category=data')), ['@acme/json'])
    assert.deepEqual(names(await search('q=&category=parsers')), [])
    assert.equal((await w.ori('GET', '/search')).status, 400)
    assert.equal((await w.ori('GET', '/search?q=x&page=0')).status, 400)
  })

  test('advisories: by package, version and time, with exact versions', async () => {
    const { app } = w.t
    const ask = async (query: string) => (await w.ori('GET', `/advisories${query}`)).body
    const idsOf = async (version: string) =>
      ((await get(`/${version}/metadata`)).body as { advisories: string[] }).advisories
    assert.deepEqual(await ask(''), { advisories: [] })
    assert.deepEqual(await idsOf('1.0.0'), [])
    const { id } = await addAdvisory(app, operator, {
      aliases: ['CVE-2026-1'],
      summary: 'Reads too far',
      details: 'It does.',
      affected: [
        {
          package: { ecosystem: 'Ori', name: '@acme/json' },
          ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '2.0.0-rc.1' }] }],
        },
      ],
      references: [{ type: 'WEB', url: 'https://example.org/1' }],
    })
    assert.deepEqual(await ask('?package=@acme/json'), { advisories: [] })
    await publishAdvisory(app, operator, id)
    const found = {
      id,
      aliases: ['CVE-2026-1'],
      package: '@acme/json',
      affected: ['1.0.0', '1.1.0'],
      patched: ['2.0.0-rc.1'],
      severity: null,
      title: 'Reads too far',
      description: 'It does.',
      url: 'https://example.org/1',
      published_at: '2026-01-01T00:03:00.000Z',
      withdrawn_at: null,
    }
    assert.match(id, /^ORISA-2026-\d{4}$/)
    for (const query of [
      '',
      '?package=@acme/json',
      '?package=acme/json&version=1.1.0',
      '?since=2026-01-01T00:00:00Z',
    ]) {
      assert.deepEqual(await ask(query), { advisories: [found] }, query)
    }
    for (const query of [
      '?package=@acme/http',
      '?package=@acme/json&version=2.0.0-rc.1',
      '?since=2027-01-01T00:00:00Z',
    ]) {
      assert.deepEqual(await ask(query), { advisories: [] }, query)
    }
    assert.deepEqual(await idsOf('1.0.0'), [id])
    assert.deepEqual(await idsOf('2.0.0-rc.1'), [])
    await withdrawAdvisory(app, operator, id)
    assert.deepEqual(await idsOf('1.0.0'), [])
    const gone = { ...found, withdrawn_at: '2026-01-01T00:03:00.000Z' }
    assert.deepEqual(await ask('?package=@acme/json'), { advisories: [gone] })
    for (const query of ['?version=1', '?since=never', '?package=json', '?version=1.0.0']) {
      assert.equal((await w.ori('GET', `/advisories${query}`)).status, 400, query)
    }
  })

  test('owners: listed, added, removed', async () => {
    const path = '/packages/acme/http/owners'
    const body = { user: 'sam', role: 'publisher' }
    assert.equal((await w.ori('POST', path, { as: w.pat, body })).status, 403)
    assert.deepEqual((await w.ori('POST', path, { as: w.ann, body })).body, body)
    assert.equal((await w.publish({ ...http, version: '1.1.0' }, w.sam)).status, 201)
    const listed = await w.ori('GET', path, { as: w.ann })
    const { owners } = listed.body as { owners: { user: string; role: string }[] }
    assert.deepEqual(
      owners.map(({ user, role }) => [user, role]),
      [['sam', 'publisher']],
    )
    assert.equal((await w.ori('DELETE', `${path}/sam`, { as: w.ann })).status, 200)
    assert.equal((await w.publish({ ...http, version: '1.2.0' }, w.sam)).status, 403)
    assert.equal((await w.ori('GET', path)).status, 401)
  })

  test('a transfer takes both sides', async () => {
    assert.equal((await w.publish({ name: '@acme/moving', version: '1.0.0' })).status, 201)
    const path = '/packages/acme/moving/transfer'
    const post = (as: OriWorld['ann'], body: unknown) => w.ori('POST', path, { as, body })
    assert.equal((await post(w.pat, { to: 'samco' })).status, 403)
    const offered = await post(w.ann, { to: 'samco' })
    assert.equal(offered.status, 202)
    const { transfer } = offered.body as { transfer: { id: string; status: string } }
    assert.deepEqual(transfer, {
      id: transfer.id,
      package: '@acme/moving',
      from: 'acme',
      to: 'samco',
      status: 'pending',
      expires_at: '2026-01-08T00:03:00.000Z',
    })
    const elsewhere = await w.ori('POST', '/packages/acme/json/transfer', {
      as: w.sam,
      body: { accept: transfer.id },
    })
    assert.deepEqual(codeOf(elsewhere), [404, 'transfer_unknown'])
    assert.equal((await post(w.rae, { accept: transfer.id })).status, 404)
    assert.equal((await post(w.ann, { accept: transfer.id })).status, 403)
    assert.equal((await post(w.ann, { to: 'samco', cancel: '1' })).status, 400)
    const accepted = await post(w.sam, { accept: transfer.id })
    assert.equal(accepted.status, 200, JSON.stringify(accepted.body))
    assert.deepEqual((await w.ori('GET', '/packages/samco/moving/versions')).status, 200)
    const old = await w.ori('GET', '/packages/acme/moving/versions')
    assert.deepEqual(codeOf(old), [404, 'package_unknown'])
    assert.match(JSON.stringify(old.body), /moved to @samco\/moving/)
  })

  test('removed is gone for ever, and its number burnt', async () => {
    const draft = { name: '@acme/evil', version: '1.0.0' }
    assert.equal((await w.publish(draft)).status, 201)
    const path = '/packages/acme/evil/1.0.0'
    assert.equal((await w.ori('GET', `${path}/download`)).status, 200)
    const body = { reason: 'malware' }
    assert.equal((await w.ori('DELETE', path, { as: w.ann, body })).status, 403)
    assert.equal((await w.ori('DELETE', path, { as: w.boss })).status, 400)
    const { status, body: told } = await w.ori('DELETE', path, { as: w.boss, body })
    const { advisory } = told as { advisory: string }
    assert.deepEqual(
      [status, told],
      [200, { version: '1.0.0', removed: true, kept_digests: [], advisory }],
    )
    const about = await w.ori('GET', '/advisories?package=@acme/evil&version=1.0.0')
    const { advisories } = about.body as { advisories: Array<Record<string, unknown>> }
    assert.deepEqual(
      advisories.map(({ id, affected, title, description }) => [id, affected, title, description]),
      [[advisory, ['1.0.0'], '@acme/evil 1.0.0 was removed from the registry', 'malware']],
    )
    for (const part of ['metadata', 'download', 'download.tlog-proof']) {
      assert.deepEqual(codeOf(await w.ori('GET', `${path}/${part}`)), [410, 'gone'])
    }
    assert.deepEqual(codeOf(await w.ori('POST', `${path}/yank`, { as: w.ann })), [410, 'gone'])
    const listed = await w.ori('GET', '/packages/acme/evil/versions')
    assert.deepEqual(listed.body, { package: '@acme/evil', versions: [] })
    assert.equal((await w.publish(draft)).status, 409)
    const user = await w.publish({ name: '@acme/victim', version: '1.0.0', needs: [lockOf(draft)] })
    assert.match(JSON.stringify(user.body), /dependency_removed/)
    assert.equal((await w.publish({ name: '@acme/evil', version: '1.0.1' })).status, 201)
    const quiet = { as: w.boss, body: { reason: 'a court order', advisory: false } }
    const gone = await w.ori('DELETE', '/packages/acme/evil/1.0.1', quiet)
    assert.equal((gone.body as { advisory: unknown }).advisory, null)
    const none = await w.ori('GET', '/advisories?package=@acme/evil&version=1.0.1')
    assert.deepEqual(none.body, { advisories: [] })
  })

  test('login tells what a token is worth; tokens are made and revoked', async () => {
    assert.equal((await w.ori('POST', '/login')).status, 401)
    assert.deepEqual((await w.ori('POST', '/login', { as: w.pat })).body, {
      user: 'pat',
      kind: 'user',
      scopes: ['admin', 'publish', 'read'],
      expires_at: null,
      roles: [{ scope: 'acme', role: 'publisher' }],
    })
    const body = {
      name: 'ci',
      scopes: ['read', 'publish'],
      only_packages: ['@acme/json'],
      expires_at: '2026-02-01T00:00:00Z',
    }
    const made = await w.ori('POST', '/tokens', { as: w.pat, body })
    assert.equal(made.status, 201, JSON.stringify(made.body))
    const { token, id } = made.body as { token: string; id: number }
    const headers = { authorization: `Bearer ${token}` }
    assert.equal((await w.ori('POST', '/login', { headers })).status, 200)
    assert.equal((await w.ori('POST', '/packages/acme/http/publish', { headers })).status, 403)
    const listed = (await w.ori('GET', '/tokens', { as: w.pat })).body as { tokens: unknown[] }
    assert.equal(listed.tokens.length, 2)
    assert.equal(JSON.stringify(listed).includes(token), false)
    assert.equal((await w.ori('DELETE', `/tokens/${id}`, { as: w.pat })).status, 200)
    assert.equal((await w.ori('POST', '/login', { headers })).status, 401)
    assert.equal((await w.ori('POST', '/tokens', { as: w.pat, body: {} })).status, 400)
  })

  test('the tiers of the protocol, on every answer', async () => {
    const fetch = createFetch(w.t.app, ecosystems, testServerOptions())
    const ask = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
      const request = new Request(`http://127.0.0.1:7080/ori/v1${path}`, { method, headers })
      const answer = await fetch(request, { remoteAddress: () => '198.51.100.7' })
      return await readAnswer(answer, path)
    }
    const standing = ({ headers }: { headers: Headers }) => [
      headers.get('x-ratelimit-limit'),
      headers.get('x-ratelimit-remaining'),
      headers.get('x-ratelimit-reset'),
    ]
    const reset = String(Math.floor(w.t.clock.now.getTime() / 60_000) * 60 + 60)
    const paths = [
      '/packages/acme/json/versions',
      '/packages/acme/json/versions',
      '/packages/acme/json/1.0.0/download',
      '/packages/acme/json/1.0.0/download',
      '/packages/acme/nobody/versions',
      '/nothing',
    ]
    let left = 100
    for (const path of paths) {
      left--
      assert.deepEqual(standing(await ask(path)), ['100', String(left), reset], path)
    }
    const refused = await ask('/packages/acme/json/publish', {}, 'POST')
    assert.deepEqual(standing(refused), ['100', '93', reset])
    const wrong = await ask('/login', { authorization: 'Bearer wrong' }, 'POST')
    assert.deepEqual(standing(wrong), ['100', '92', reset])
    const mine = { authorization: `Bearer ${w.sam.secret}` }
    assert.deepEqual(standing(await ask(paths[0] ?? '', mine)), ['1000', '999', reset])
    for (let i = 0; i < 92; i++) await ask('/nothing')
    const late = await ask(paths[0] ?? '')
    assert.deepEqual(codeOf(late), [429, 'rate_limited'])
    assert.deepEqual(standing(late), ['100', '0', reset])
    assert.ok(Number(late.headers.get('retry-after')) >= 1)
  })

  test('at the root of a host of its own', async () => {
    const options = testServerOptions({ hosts: { ori: ['registry.ori.test'] } })
    const fetch = createFetch(w.t.app, ecosystems, options)
    const ask = (url: string) => fetch(new Request(url), { remoteAddress: () => '198.51.100.8' })
    const path = '/v1/packages/acme/json/1.0.0/metadata'
    assert.equal((await ask(`http://registry.ori.test${path}`)).status, 200)
    assert.equal((await ask(`http://elsewhere.test${path}`)).status, 404)
    // The client looks for the log where it found the package.
    assert.equal((await ask('http://registry.ori.test/log/')).status, 200)
  })
})
