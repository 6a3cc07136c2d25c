import assert from 'node:assert/strict'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createUser } from '#core/accounts/create-user.ts'
import { getUser } from '#core/accounts/find-user.ts'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { getReadablePackage } from '#core/packages/package.ts'
import { removeRelease } from '#core/releases/remove-release.ts'
import { listVersions } from '#core/releases/versions.ts'
import { yankRelease } from '#core/releases/yank-release.ts'
import { packageRef } from '#ecosystems/elba/name.ts'
import { versionView } from '#ecosystems/elba/version-view.ts'
import { afterEach, beforeEach, describe, test } from '#runtime/test.ts'
import { openTestApp, operator, type TestApp } from '#test/app.ts'
import { packElba } from '#test/elba-world.ts'
import { hexOf, type OldElba, oldTarball, openOldElba } from '#test/old-elba.ts'
import { archiveOf, rawEntry } from '#test/raw-tar.ts'
import { Tarballs } from './find-tarball.ts'
import { type ImportReport, importIndex } from './import-index.ts'
import { readIndex } from './read-index.ts'

const NOTHING = { imported: 0, present: 0, skipped: [], failed: [] }

describe('importing an elba index', () => {
  let t: TestApp
  let old: OldElba

  beforeEach(async () => {
    t = await openTestApp()
    old = await openOldElba()
    await createUser(t.app, operator, { name: 'ann', email: 'ann@example.org' })
    await createUser(t.app, operator, { name: 'sam', email: 'sam@example.org' })
  })
  afterEach(async () => {
    await old.close()
    await t.close()
  })

  const run = async (
    from: { tarballs?: string; isRemote?: boolean } = {},
    visited: string[] = [],
  ): Promise<ImportReport> => {
    const owner = await getUser(t.app.database.db, 'ann')
    const tarballs = new Tarballs({ isRemote: false, ...from })
    const index = await readIndex(old.folder)
    return await importIndex({ app: t.app, owner, tarballs }, index, (_done, _total, entry) => {
      visited.push(`${entry.name} ${entry.version}`)
    })
  }
  const versionsOf = async (name: string) => {
    const from = await getReadablePackage(t.app, operator, packageRef(name))
    const found = (await listVersions(t.app, from)).toReversed()
    return found.map(({ version, yankedAt }) => version + (yankedAt === null ? '' : ' yanked'))
  }
  const json = { name: 'acme/json', version: '1.0.0' }

  test('spelling, order, yanks, owners and dependencies are kept; again it does nothing', async () => {
    const tables = '[dependencies]\n"foo-bar/baz_lib" = "1.0"\n'
    await old.add(
      { ...json, version: '1.10.0', tables, needs: ['foo-bar/baz_lib'] },
      { ...json, version: '1.9.0', yanked: true },
      { name: 'Foo_Bar/Baz_Lib', version: '1.0.0' },
    )
    const visited: string[] = []
    assert.deepEqual(await run({}, visited), { ...NOTHING, imported: 3 })
    assert.deepEqual(visited, ['Foo_Bar/Baz_Lib 1.0.0', 'acme/json 1.10.0', 'acme/json 1.9.0'])
    assert.deepEqual(await versionsOf('acme/json'), ['1.10.0', '1.9.0 yanked'])
    const from = await getReadablePackage(t.app, operator, packageRef('foo-bar/baz-lib'))
    const [release] = await listVersions(t.app, from)
    assert.ok(release)
    const { view } = await versionView(t.app, from, release)
    assert.deepEqual([view.group, view.package], ['Foo_Bar', 'Baz_Lib'])
    assert.deepEqual(
      view.owners.map((one) => one.name),
      ['ann'],
    )
    assert.equal(release.digest, `sha256:${hexOf(old.archive('/foo-bar_baz-lib_1.0.0.tar.gz'))}`)
    const asked = old.paths.length
    assert.deepEqual(await run(), { ...NOTHING, present: 3 })
    assert.equal(old.paths.length, asked, 'nothing is fetched again')
    const audit = await t.app.database.db
      .selectFrom('audit')
      .select(['actor', 'credential'])
      .where('action', '=', 'release.publish')
      .execute()
    assert.deepEqual(audit[0], { actor: 'user:ann', credential: 'system:cli' })
    assert.equal(audit.length, 3)
  })

  test('a yank that an import did not come to is made by the next one', async () => {
    await old.add({ ...json, yanked: true })
    await run()
    const ref = packageRef('acme/json')
    await yankRelease(t.app, operator, ref, { version: '1.0.0', isYanked: false })
    assert.deepEqual(await run(), { ...NOTHING, present: 1 })
    assert.deepEqual(await versionsOf('acme/json'), ['1.0.0 yanked'])
  })

  test('what is wrong with a line or an archive is said, and the rest is imported', async () => {
    const evil = archiveOf(rawEntry({ name: '../../etc/passwd', body: 'x' }))
    const link = archiveOf(
      rawEntry({ name: 'elba.toml', type: '2', link: '/etc/passwd', magic: 'ustar  \0' }),
    )
    const other = packElba({ ...json, version: '9.9.9' })
    const location = `tar+${old.url}/${oldTarball(json)}#sha256=${'0'.repeat(64)}`
    await old.add(
      { ...json, location },
      { ...json, version: '1.0.1', archive: evil },
      { ...json, version: '1.0.2', archive: link },
      { ...json, version: '1.0.3', archive: other },
      { ...json, version: '1.0.4', location: `tar+${old.url}/gone.tar.gz` },
      { ...json, version: '1.0.5', location: 'tar+http://127.0.0.1:1/x.tar.gz' },
      { ...json, version: '1.0.5-b', location: 'tar+http://127.0.0.1:1/y.tar.gz' },
      { ...json, version: '1.0.6', archive: Buffer.from('<html>moved</html>') },
      { ...json, version: '1.0.7', tables: '[dependencies]\n"acme/none" = "1"\n' },
      { ...json, version: '1.0.8', tables: '[dependencies]\n"a/b" = { git = "https://x.org" }\n' },
      { ...json, version: '1.0.9' },
      { ...json, version: '2.0.0', location: 'reg+https://api.elba.pub/#acme/json|2.0.0' },
      { ...json, version: '2.0.1', location: 'git+https://example.org/json#v2' },
      { ...json, version: '2.0.2', location: null },
    )
    const lines = ['{"name":', '', '{"name":"acme/other","version":"1.0.0"}', '{"name":"a b/c"}']
    await old.write('acme/bad', lines.join('\n'))
    const { imported, failed, skipped } = await run()
    assert.equal(imported, 1)
    const wanted: ReadonlyArray<readonly [string, RegExp]> = [
      ['acme/bad, line 1 ', /not JSON/],
      ['acme/bad, line 3 ', /about another package, acme\/other/],
      ['acme/bad, line 4 ', /version: /],
      ['acme/json 1.0.0', /has the checksum sha256:\w+, and the index says sha256:0000/],
      ['acme/json 1.0.1', /\.\./],
      ['acme/json 1.0.2', /link/],
      ['acme/json 1.0.3', /is of acme\/json 9\.9\.9/],
      ['acme/json 1.0.4', /gone\.tar\.gz answers with status 404/],
      ['acme/json 1.0.5', /127\.0\.0\.1:1 does not answer( \(|$)/],
      ['acme/json 1.0.5-b', /127\.0\.0\.1:1 does not answer, and is asked no more/],
      ['acme/json 1.0.6', /gzip/],
      ['acme/json 1.0.7', /the dependency acme\/none is not in this registry/],
      ['acme/json 1.0.8', /can only depend on packages of this registry/],
    ]
    const told = failed.map((one) => `${one.package} ${one.version ?? ''}`)
    assert.deepEqual(
      told,
      wanted.map(([name]) => name),
    )
    for (const [at, [name, reason]] of wanted.entries()) {
      assert.match(failed[at]?.reason ?? '', reason, name)
    }
    assert.deepEqual(
      skipped.map(({ version, reason }) => `${version} ${reason.slice(0, 30)}`),
      [
        '2.0.0 it is in a registry that the i',
        '2.0.1 its source is a git repository',
        '2.0.2 the index does not say where i',
      ],
    )
    assert.deepEqual(await versionsOf('acme/json'), ['1.0.9'])
    const parts = await t.app.database.db.selectFrom('blobs').select('digest').execute()
    assert.equal(parts.length, 2, 'of what was refused nothing is kept')
  })

  test('a group of somebody else is not added to; nothing is left of a group that failed', async () => {
    await createNamespace(t.app, operator, { name: 'acme', owner: 'sam' })
    await old.add(json, { name: 'gone/x', version: '1.0.0', location: `tar+${old.url}/no` })
    const { imported, failed } = await run()
    assert.equal(imported, 0)
    assert.match(failed[0]?.reason ?? '', /somebody else's here: entrepot member add acme ann/)
    const groups = await t.app.database.db.selectFrom('namespaces').select('name').execute()
    assert.deepEqual(groups, [{ name: 'acme' }])
  })

  test('what the old registries took and this one does not', async () => {
    const about = `license = "BSD3, see LICENSE"\ndescription = "${'x'.repeat(300)}"\nkeywords = ["a b"]\nsince = 1`
    await old.add(
      { ...json, version: '1.0.0+a', about },
      { ...json, version: '1.0.0+b', tables: '[features]\ndefault = []\n' },
    )
    assert.deepEqual(await run(), { ...NOTHING, imported: 2 })
    assert.deepEqual(await versionsOf('acme/json'), ['1.0.0+a', '1.0.0+b'])
  })

  test('a version that was removed here, or has other bytes here, stays as it is', async () => {
    await old.add(json, { ...json, version: '1.0.1' })
    await run()
    const ref = packageRef('acme/json')
    await removeRelease(t.app, operator, ref, { version: '1.0.0', reason: 'malware' })
    await old.write('acme/json', '')
    const elsewhere = await openOldElba()
    try {
      await elsewhere.add(json, { ...json, version: '1.0.1', files: { 'README.md': 'new' } })
      const owner = await getUser(t.app.database.db, 'ann')
      const tarballs = new Tarballs({ isRemote: false })
      const index = await readIndex(elsewhere.folder)
      const report = await importIndex({ app: t.app, owner, tarballs }, index, () => {})
      assert.deepEqual(
        report.skipped.map(({ reason }) => reason),
        ['it was removed here for good'],
      )
      assert.match(report.failed[0]?.reason ?? '', /and the index says/)
    } finally {
      await elsewhere.close()
    }
  })

  test('archives from a folder, by their names; from files, unless the index is from elsewhere', async () => {
    const folder = join(old.folder, '..', 'storage')
    await mkdir(join(folder, 'tarballs'), { recursive: true })
    await mkdir(join(folder, 'acme', 'json'), { recursive: true })
    const text = { name: 'acme/Te_xt', version: '1.0.0' }
    const late = { ...json, version: '1.1.0' }
    await writeFile(join(folder, oldTarball(json)), packElba(json))
    await writeFile(join(folder, 'tarballs', oldTarball(text)), packElba(text))
    await writeFile(join(folder, 'acme', 'json', oldTarball(late)), packElba(late))
    const file = { ...json, version: '1.2.0' }
    await writeFile(join(folder, 'own.tar.gz'), packElba(file))
    await old.add(
      { ...json, location: 'reg+https://api.elba.pub/#acme/json|1.0.0' },
      { ...text, location: null },
      { ...late, location: null },
      { ...file, location: `tar+file://${folder}/own.tar.gz` },
    )
    await symlink('/etc', join(old.folder, 'etc'))
    const remote = await run({ tarballs: folder, isRemote: true })
    assert.equal(remote.imported, 3)
    assert.match(remote.failed[0]?.reason ?? '', /may not name files of this machine/)
    assert.deepEqual(await run({ tarballs: folder }), { ...NOTHING, imported: 1, present: 3 })
    assert.deepEqual(old.paths, [])
  })

  test('a redirect to another host is followed', async () => {
    await old.add({ ...json, location: `tar+${old.url}/moved/${oldTarball(json)}` })
    assert.deepEqual(await run(), { ...NOTHING, imported: 1 })
  })

  test('packages that wait for each other do not stop the others', async () => {
    const needing = (name: string) => `[dependencies]\n"${name}" = "1"\n`
    await old.add(
      { name: 'a/one', version: '1.0.0', needs: ['b/two'], tables: needing('b/two') },
      { name: 'b/two', version: '1.0.0', needs: ['a/one'], tables: needing('a/one') },
      { name: 'b/two', version: '1.1.0' },
    )
    const { imported, failed } = await run()
    assert.deepEqual([imported, failed.length], [1, 2])
    assert.deepEqual(await run(), { ...NOTHING, imported: 2, present: 1 })
  })

  test('a location that is no file of this machine fails alone', async () => {
    await old.add(
      { ...json, location: 'tar+file://elsewhere.example.org/json.tar.gz' },
      { ...json, version: '1.1.0', location: 'tar+file:///a%2Fb.tar.gz' },
      { ...json, version: '1.2.0' },
    )
    const { imported, failed } = await run()
    assert.equal(imported, 1)
    assert.deepEqual(
      failed.map(({ version, reason }) => [version, /is no file of this machine/.test(reason)]),
      [
        ['1.0.0', true],
        ['1.1.0', true],
      ],
    )
  })

  test('an index gives nobody a group that is kept for operators', async () => {
    await old.add({ name: 'gren-lang/core', version: '1.0.0' })
    const { imported, failed } = await run()
    assert.equal(imported, 0)
    assert.match(failed[0]?.reason ?? '', /gren-lang is kept for operators/)
  })
})
