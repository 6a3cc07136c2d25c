import assert from 'node:assert/strict'
import { digestOf } from '#core/blobs/digest.ts'
import { change } from '#core/db/change.ts'
import { flushDownloads } from '#core/downloads/flush-downloads.ts'
import { sequence } from '#core/log/sequence.ts'
import { deletePackage } from '#core/packages/delete-package.ts'
import { acceptTransfer } from '#core/packages/transfer/accept-transfer.ts'
import { offerTransfer } from '#core/packages/transfer/offer-transfer.ts'
import { updatePackage } from '#core/packages/update-package.ts'
import { removeRelease } from '#core/releases/remove-release.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { operator } from '#test/app.ts'
import { type ElbaWorld, openElbaWorld, packElba, tagOf } from '#test/elba-world.ts'
import { packageRef } from './name.ts'

const AT = '2026-01-01T00:00:00.000000+00:00'

describe('elba reads', () => {
  let w: ElbaWorld
  let annId: number
  const core = { name: 'Acme/Core_Lib', version: '1.0.0' }
  const json = {
    name: 'acme/json',
    version: '1.0.0',
    about: `description = "Reads JSON"
homepage = "https://json.example.org"
repository = "https://git.example.org/json"
license = "BSD-3-Clause"
keywords = ["json", "parser"]`,
    tables: '[dependencies]\n"acme/core-lib" = "1.0"\n[dev_dependencies]\n"nobody/knows" = "1"\n',
    files: { 'README.md': '# json — ä\n' },
  }
  const get = async (path: string) => {
    const answer = await w.elba('GET', path)
    assert.equal(answer.status, 200, `${path}: ${JSON.stringify(answer.body)}`)
    assert.equal(answer.headers.get('content-type'), 'application/json')
    return answer.body
  }
  const failing = async (path: string) => tagOf(await w.elba('GET', path))
  const ann = () => ({ id: annId, email: '', name: 'ann', avatar: null })
  const jsonVersion = (version: string, yanked = false) => ({
    group: 'acme',
    package: 'json',
    version,
    yanked,
    description: 'Reads JSON',
    homepage: 'https://json.example.org',
    repository: 'https://git.example.org/json',
    license: 'BSD-3-Clause',
    keywords: ['json', 'parser'],
    owners: [ann()],
    created_at: AT,
  })

  before(async () => {
    w = await openElbaWorld()
    annId = (await w.ann.actor()).userId ?? 0
    for (const draft of [
      core,
      json,
      { ...json, version: '1.10.0' },
      { ...json, version: '1.9.0' },
      { ...json, version: '2.0.0-rc.1' },
      { ...json, version: '0.1.0+b1' },
    ]) {
      const made = await w.publish(draft)
      assert.deepEqual([made.status, made.body], [200, {}], JSON.stringify(made.body))
    }
  })
  after(() => w.t.close())

  test('registry_metadata', async () => {
    const { status, body } = await w.call('GET', 'http://127.0.0.1:7080/elba/api/registry_metadata')
    assert.deepEqual(
      [status, body],
      [200, { api: 1, index: 'index+git+http://127.0.0.1:7080/elba/index.git', mirrors: [] }],
    )
  })

  test('groups, in the spelling of their first package', async () => {
    assert.deepEqual(await get('/packages/groups'), { groups: [{ group: 'Acme' }] })
    for (const group of ['acme', 'ACME']) {
      assert.deepEqual(await get(`/packages/${group}/metadata`), {
        group: { group: 'Acme', created_at: AT },
      })
    }
    assert.deepEqual(await failing('/packages/nobody/metadata'), [404, 'package_not_found'])
    assert.deepEqual(await failing('/packages/a.b/metadata'), [404, 'package_not_found'])
  })

  test('packages of a group, as they were spelled first', async () => {
    assert.deepEqual(await get('/packages/acme/packages'), {
      packages: [
        { group: 'Acme', package: 'Core_Lib' },
        { group: 'acme', package: 'json' },
      ],
    })
    assert.deepEqual(await failing('/packages/nobody/packages'), [404, 'package_not_found'])
  })

  test('a package: its newest version that is no pre-release', async () => {
    assert.deepEqual(await get('/packages/acme/json/metadata'), {
      package: {
        group: 'acme',
        package: 'json',
        latest_version: jsonVersion('1.10.0'),
        updated_at: AT,
        created_at: AT,
      },
    })
  })

  test('what the manifest does not say is null', async () => {
    const version = {
      group: 'Acme',
      package: 'Core_Lib',
      version: '1.0.0',
      yanked: false,
      description: null,
      homepage: null,
      repository: null,
      license: null,
      keywords: [],
      owners: [ann()],
      created_at: AT,
    }
    for (const name of ['Acme/Core_Lib', 'acme/core-lib', 'ACME/CORE_lib']) {
      assert.deepEqual(await get(`/packages/${name}/1.0.0/metadata`), { version })
      assert.deepEqual(await get(`/packages/${name}/metadata`), {
        package: {
          group: 'Acme',
          package: 'Core_Lib',
          latest_version: version,
          updated_at: AT,
          created_at: AT,
        },
      })
    }
  })

  test('versions, newest first', async () => {
    const { versions } = (await get('/packages/acme/json/versions')) as { versions: object[] }
    assert.deepEqual(
      versions,
      ['2.0.0-rc.1', '1.10.0', '1.9.0', '1.0.0', '0.1.0+b1'].map((version) => ({
        group: 'acme',
        package: 'json',
        version,
      })),
    )
  })

  test('a plus in the path is a plus', async () => {
    for (const path of ['0.1.0+b1', '0.1.0%2Bb1']) {
      assert.deepEqual(await get(`/packages/acme/json/${path}/metadata`), {
        version: jsonVersion('0.1.0+b1'),
      })
    }
    assert.deepEqual(await failing('/packages/acme/json/0.1.0%20b1/metadata'), [
      404,
      'package_not_found',
    ])
    const { bytes } = await w.elba('GET', '/packages/acme/json/0.1.0+b1/download')
    assert.equal(digestOf(bytes), digestOf(packElba({ ...json, version: '0.1.0+b1' })))
  })

  test('dependencies, as the registry spells them; those for tests are not kept', async () => {
    assert.deepEqual(await get('/packages/acme/json/1.0.0/dependencies'), {
      dependencies: [{ group: 'Acme', package: 'Core_Lib', version_req: '>=1.0.0 <2.0.0' }],
    })
    assert.deepEqual(await get('/packages/acme/core-lib/1.0.0/dependencies'), { dependencies: [] })
  })

  test('the readme', async () => {
    const { status, headers, bytes } = await w.elba('GET', '/packages/acme/json/1.0.0/readme')
    assert.equal(status, 200)
    assert.equal(headers.get('content-type'), 'text/plain; charset=utf-8')
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
    assert.equal(new TextDecoder().decode(bytes), '# json — ä\n')
    assert.deepEqual(await failing('/packages/acme/core-lib/1.0.0/readme'), [404, 'not_found'])
    assert.deepEqual(await failing('/packages/acme/json/9.0.0/readme'), [404, 'package_not_found'])
  })

  test('owners', async () => {
    assert.deepEqual(await get('/packages/acme/json/owners'), { owners: [ann()] })
  })

  test('search', async () => {
    assert.deepEqual(await get('/packages/search?q=json'), {
      packages: [{ group: 'acme', package: 'json' }],
    })
    assert.deepEqual(await get('/packages/search?q=core'), {
      packages: [{ group: 'Acme', package: 'Core_Lib' }],
    })
    assert.deepEqual(await get('/packages/search?q=nothing+of+the+kind'), { packages: [] })
    assert.deepEqual(await failing('/packages/search'), [400, 'invalid_request'])
  })

  test('an archive: the bytes that were sent, again and again, in parts, or not at all', async () => {
    const path = '/packages/Acme/JSON/1.0.0/download'
    const archive = packElba(json)
    const first = await w.elba('GET', path)
    assert.equal(first.status, 200)
    assert.equal(first.headers.get('content-type'), 'application/gzip')
    assert.equal(first.headers.get('etag'), `"${digestOf(archive)}"`)
    assert.equal(
      first.headers.get('content-disposition'),
      'attachment; filename="acme_json-1.0.0.tar.gz"',
    )
    assert.deepEqual(first.bytes, new Uint8Array(archive))
    assert.deepEqual((await w.elba('GET', path)).bytes, new Uint8Array(archive))
    const part = await w.elba('GET', path, { headers: { range: 'bytes=0-9' } })
    assert.deepEqual([part.status, part.bytes], [206, new Uint8Array(archive.subarray(0, 10))])
    const rest = await w.elba('GET', path, { headers: { range: 'bytes=10-' } })
    assert.deepEqual([rest.status, rest.bytes], [206, new Uint8Array(archive.subarray(10))])
    const known = { 'if-none-match': `"${digestOf(archive)}"` }
    assert.equal((await w.elba('GET', path, { headers: known })).status, 304)
    assert.equal((await w.elba('HEAD', path)).status, 200)
    const beyond = await w.elba('GET', path, { headers: { range: 'bytes=9999999-' } })
    assert.deepEqual([...tagOf(beyond)], [416, 'range_invalid'])
    await sequence(w.t.app)
    const proof = await w.elba('GET', `${path}.tlog-proof`)
    assert.equal(proof.status, 200)
    assert.match(String(proof.body), /^c2sp\.org\/tlog-proof@v1/)
  })

  test('downloads are counted once each: not HEAD, 304 and the later parts', async () => {
    const { app, clock } = w.t
    await flushDownloads(app)
    const path = '/packages/acme/json/1.9.0'
    assert.deepEqual(await get(`${path}/download_stats`), {
      download_stats: { total: 0, season: 0 },
    })
    assert.deepEqual(await get(`${path}/download_graph`), { download_graph: [] })
    const download = (headers = {}, method = 'GET') =>
      w.elba(method, `${path}/download`, { headers })
    const { headers } = await download()
    for (let n = 0; n < 3; n++) await download()
    await download({ range: 'bytes=0-9' })
    await download({ range: 'bytes=10-' })
    await download({}, 'HEAD')
    await download({ 'if-none-match': headers.get('etag') ?? '' })
    await flushDownloads(app)
    assert.deepEqual(await get(`${path}/download_stats`), {
      download_stats: { total: 5, season: 5 },
    })
    clock.advance(86_400)
    await download()
    await flushDownloads(app)
    assert.deepEqual(await get(`${path}/download_graph`), {
      download_graph: [
        { date: '2026-01-02T00:00:00.000000+00:00', downloads: 1 },
        { date: AT, downloads: 5 },
      ],
    })
    clock.advance(-86_400)
    const { global_stats: stats } = (await get('/packages/global_stats')) as {
      global_stats: { package_count: number; download_count: number }
    }
    assert.equal(stats.package_count, 2)
    assert.ok(stats.download_count >= 6)
    assert.deepEqual(await failing('/packages/acme/json/9.0.0/download_stats'), [
      404,
      'package_not_found',
    ])
  })

  test('of older versions only the numbers are read: what they need may be long', async () => {
    const path = '/packages/acme/long'
    await w.publish({ name: 'acme/long', version: '1.0.0' })
    await w.publish({ name: 'acme/long', version: '1.1.0' })
    await change(w.t.app, (tx) =>
      tx
        .updateTable('releases')
        .set({ metadata: 'unread' })
        .where('packageId', 'in', (eb) =>
          eb.selectFrom('packages').select('id').where('path', '=', 'acme/long'),
        )
        .where('version', '=', '1.0.0')
        .execute(),
    )
    const { package: found } = (await get(`${path}/metadata`)) as {
      package: { latest_version: { version: string } }
    }
    assert.equal(found.latest_version.version, '1.1.0')
    await get(`${path}/versions`)
    await deletePackage(w.t.app, operator, packageRef('acme/long'))
  })

  test('what is not there', async () => {
    for (const path of [
      '/packages/acme/nope/metadata',
      '/packages/acme/nope/versions',
      '/packages/acme/nope/owners',
      '/packages/acme/json/9.9.9/metadata',
      '/packages/acme/json/latest/metadata',
      '/packages/acme/json/9.9.9/download',
      '/packages/acme/json/9.9.9/dependencies',
    ]) {
      assert.deepEqual(await failing(path), [404, 'package_not_found'], path)
    }
    for (const path of [
      '/packages/users/json/metadata',
      '/packages/acme/js.on/metadata',
      '/packages/acme/a%2Fb/metadata',
      '/packages/acme/%E0%A4%A/metadata',
    ]) {
      assert.deepEqual(await failing(path), [400, 'invalid_request'], path)
    }
    assert.deepEqual(await failing('/nothing/here'), [404, 'not_found'])
    const wrong = await w.elba('POST', '/packages/acme/json/metadata')
    assert.deepEqual(tagOf(wrong), [405, 'method_not_allowed'])
    assert.equal(wrong.headers.get('allow'), 'GET, HEAD')
  })

  test('yanked versions stay, and are no longer the latest; what operators remove is gone', async () => {
    const yank = (version: string, yanked: boolean) =>
      w.elba('PATCH', `/packages/acme/json/${version}/yank?yanked=${yanked}&token=${w.ann.secret}`)
    const latest = async () => {
      const { package: found } = (await get('/packages/acme/json/metadata')) as {
        package: { latest_version: { version: string; yanked: boolean } }
      }
      return [found.latest_version.version, found.latest_version.yanked]
    }
    assert.deepEqual(await latest(), ['1.10.0', false])
    const done = await yank('1.10.0', true)
    assert.deepEqual([done.status, done.body], [200, {}])
    assert.deepEqual(await latest(), ['1.9.0', false])
    assert.deepEqual(await get('/packages/acme/json/1.10.0/metadata'), {
      version: jsonVersion('1.10.0', true),
    })
    assert.deepEqual(tagOf(await yank('1.10.0', true)), [409, 'no_permission'])
    assert.equal((await w.elba('GET', '/packages/acme/json/1.10.0/download')).status, 200)
    for (const version of ['1.9.0', '1.0.0', '0.1.0+b1']) await yank(version, true)
    assert.deepEqual(await latest(), ['2.0.0-rc.1', false])
    await yank('2.0.0-rc.1', true)
    assert.deepEqual(await latest(), ['2.0.0-rc.1', true])
    assert.equal((await yank('1.10.0', false)).status, 200)
    assert.deepEqual(tagOf(await yank('1.10.0', false)), [409, 'no_permission'])
    assert.deepEqual(await latest(), ['1.10.0', false])
    const ref = packageRef('acme/json')
    await removeRelease(w.t.app, operator, ref, { version: '1.0.0', reason: 'malware' })
    assert.deepEqual(await failing('/packages/acme/json/1.0.0/download'), [
      410,
      'package_not_found',
    ])
    assert.deepEqual(tagOf(await w.publish(json)), [409, 'no_permission'])
  })

  test('a private package is nowhere, but for those who may see it', async () => {
    assert.equal((await w.publish({ name: 'acme/secret', version: '1.0.0' })).status, 200)
    const ref = packageRef('acme/secret')
    await updatePackage(w.t.app, operator, ref, { visibility: 'private' })
    for (const path of ['metadata', 'versions', 'owners', '1.0.0/metadata', '1.0.0/download']) {
      const at = `/packages/acme/secret/${path}`
      assert.deepEqual(await failing(at), [404, 'package_not_found'], path)
      assert.equal((await w.elba('GET', at, { as: w.sam })).status, 404, path)
      assert.equal((await w.elba('GET', at, { as: w.pat })).status, 200, path)
      assert.equal((await w.elba('GET', `${at}?token=${w.pat.secret}`)).status, 200, path)
      assert.equal((await w.elba('GET', at)).status, 404, path)
    }
    const { packages } = (await get('/packages/acme/packages')) as { packages: object[] }
    assert.equal(packages.length, 2)
    const refused = await w.publish(
      {
        name: 'sams/own',
        version: '1.0.0',
        tables: '[dependencies]\n"acme/secret" = "1"\n',
      },
      w.sam,
    )
    assert.deepEqual(tagOf(refused), [404, 'dependency_not_found'])
  })

  test('a package that moved is called after its new group; its old name is not free', async () => {
    const { app } = w.t
    const draft = { name: 'Acme/Mover_X', version: '1.0.0' }
    assert.equal((await w.publish(draft)).status, 200)
    assert.equal((await w.publish({ name: 'Sams_Co/First', version: '1.0.0' }, w.sam)).status, 200)
    const ref = packageRef('acme/mover-x')
    const { id } = await offerTransfer(app, await w.ann.actor(), ref, { to: 'sams-co' })
    await acceptTransfer(app, await w.sam.actor(), { id })
    const { package: moved } = (await get('/packages/sams-co/mover-x/metadata')) as {
      package: { group: string; package: string; latest_version: { owners: object[] } }
    }
    assert.deepEqual([moved.group, moved.package], ['sams-co', 'Mover_X'])
    assert.deepEqual(moved.latest_version.owners, [])
    assert.deepEqual(await failing('/packages/Acme/Mover_X/metadata'), [404, 'package_not_found'])
    for (const name of ['Acme/Mover_X', 'ACME/mover-x']) {
      const again = await w.publish({ name, version: '2.0.0' })
      assert.deepEqual(tagOf(again), [409, 'no_permission'], name)
    }
  })

  test('a removed version does not come back with its package, in whatever spelling', async () => {
    const { app } = w.t
    assert.equal((await w.publish({ name: 'acme/burnt_one', version: '1.0.0' })).status, 200)
    const ref = packageRef('acme/burnt_one')
    await removeRelease(app, operator, ref, { version: '1.0.0', reason: 'malware' })
    await deletePackage(app, operator, ref)
    const again = await w.publish({ name: 'Acme/Burnt-One', version: '1.0.0' })
    assert.deepEqual(tagOf(again), [409, 'no_permission'])
    const other = await w.publish({ name: 'Acme/Burnt-One', version: '1.0.0+b' })
    assert.deepEqual(tagOf(other), [409, 'no_permission'])
    assert.equal((await w.publish({ name: 'Acme/Burnt-One', version: '1.0.1' })).status, 200)
  })
})

describe('elba at the root of a host', () => {
  test('has the same paths without /elba', async () => {
    const w = await openElbaWorld({}, { hosts: { elba: ['elba.example.org'] } })
    try {
      const base = 'http://elba.example.org/api'
      const made = await w.call(
        'PUT',
        `${base}/v1/packages/acme/json/1.0.0/publish?token=${w.ann.secret}`,
        { body: packElba({ name: 'acme/json', version: '1.0.0' }) },
      )
      assert.deepEqual([made.status, made.body], [200, {}])
      const read = await w.call('GET', `${base}/v1/packages/acme/json/versions`)
      assert.equal(read.status, 200)
      assert.equal((await w.call('GET', `${base}/registry_metadata`)).status, 200)
      const login = await w.call('POST', `${base}/v1/users/login`, { as: w.ann })
      assert.match(login.headers.get('set-cookie') ?? '', /; Path=\/; /)
    } finally {
      await w.t.close()
    }
  })
})
