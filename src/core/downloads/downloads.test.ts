import assert from 'node:assert/strict'
import { digestOf } from '#core/blobs/digest.ts'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { deletePackage } from '#core/packages/delete-package.ts'
import { publishRelease } from '#core/releases/publish-release.ts'
import { listVersions } from '#core/releases/versions.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { type Person, person } from '#test/actors.ts'
import { openTestApp, operator, type TestApp } from '#test/app.ts'
import { countDownload, dayOf, sealBatches } from './count-download.ts'
import { flushDownloads, recordBatch } from './flush-downloads.ts'
import { pruneDownloads } from './prune-downloads.ts'
import { countDownloads, countEcosystem, listDownloadDays } from './read-downloads.ts'

describe('downloads', () => {
  let t: TestApp
  let ann: Person
  before(async () => {
    t = await openTestApp()
    ann = await person(t.app, 'ann')
    await createNamespace(t.app, operator, { name: 'acme', owner: 'ann' })
  })
  after(() => t.close())

  const publish = async (name: string): Promise<number> => {
    const ref = { ecosystem: 'ori', namespace: 'acme', name, key: name }
    const bytes = Buffer.from(name)
    const from = await publishRelease(t.app, await ann.actor(), ref, {
      version: '1.0.0',
      bytes,
      digest: digestOf(bytes),
      mediaType: 'text/plain',
      kind: '',
      metadata: {},
      files: [],
      tags: [],
    })
    const [release] = await listVersions(t.app, from)
    assert.ok(release)
    return release.id
  }
  const today = () => new Date(dayOf(t.clock.now.getTime()) * 86_400_000).getTime()

  test('are known once they are written down, by day and ever', async () => {
    const id = await publish('one')
    for (let n = 0; n < 3; n++) countDownload(t.app, id)
    assert.deepEqual(await countDownloads(t.app, id), { total: 0, season: 0 })
    await flushDownloads(t.app)
    await flushDownloads(t.app)
    assert.deepEqual(await countDownloads(t.app, id), { total: 3, season: 3 })
    countDownload(t.app, id)
    await flushDownloads(t.app)
    assert.deepEqual(await countDownloads(t.app, id), { total: 4, season: 4 })
    assert.deepEqual(await listDownloadDays(t.app, id), [{ at: today(), count: 4 }])
  })

  test('count for the day they were on, also when that is over before they are written down', async () => {
    const id = await publish('days')
    const first = today()
    countDownload(t.app, id)
    t.clock.advance(86_400)
    countDownload(t.app, id)
    countDownload(t.app, id)
    await flushDownloads(t.app)
    await flushDownloads(t.app)
    assert.deepEqual(await listDownloadDays(t.app, id), [
      { at: today(), count: 2 },
      { at: first, count: 1 },
    ])
  })

  test('leave the season after 90 days, and the total never', async () => {
    const id = await publish('season')
    countDownload(t.app, id)
    await flushDownloads(t.app)
    t.clock.advance(89 * 86_400)
    countDownload(t.app, id)
    await flushDownloads(t.app)
    assert.deepEqual(await countDownloads(t.app, id), { total: 2, season: 2 })
    t.clock.advance(86_400)
    assert.deepEqual(await countDownloads(t.app, id), { total: 2, season: 1 })
    assert.equal((await listDownloadDays(t.app, id)).length, 1)
    await pruneDownloads(t.app)
    assert.deepEqual(await countDownloads(t.app, id), { total: 2, season: 1 })
    const kept = await t.app.database.db
      .selectFrom('downloadDays')
      .select('day')
      .where('releaseId', '=', id)
      .execute()
    assert.equal(kept.length, 1)
  })

  test('a batch that was recorded, though nobody heard, is not counted twice', async () => {
    const id = await publish('twice')
    countDownload(t.app, id)
    const [batch] = sealBatches(t.app)
    assert.ok(batch)
    await recordBatch(t.app, batch)
    countDownload(t.app, id)
    await flushDownloads(t.app)
    await flushDownloads(t.app)
    assert.deepEqual(await countDownloads(t.app, id), { total: 2, season: 2 })
  })

  test('a flush that fails loses nothing, and is done again', async () => {
    const id = await publish('again')
    countDownload(t.app, id)
    const { database } = t.app
    const broken = { ...t.app, database: { ...database, db: undefined } } as never
    // What an app counted is its own; this one has a database that fails.
    countDownload(broken, id)
    await assert.rejects(flushDownloads(broken))
    countDownload(broken, id)
    await assert.rejects(flushDownloads(broken))
    Object.assign(broken, { database })
    await Promise.all([flushDownloads(broken), flushDownloads(broken)])
    await flushDownloads(broken)
    await flushDownloads(t.app)
    assert.deepEqual(await countDownloads(t.app, id), { total: 3, season: 3 })
  })

  test('of several processes add up', async () => {
    const ids = [await publish('many-a'), await publish('many-b')]
    const twins = await Promise.all([t.openTwin(), t.openTwin(), t.openTwin()])
    for (let round = 0; round < 5; round++) {
      for (const [at, twin] of twins.entries()) {
        for (const id of at % 2 ? ids : ids.toReversed()) countDownload(twin, id)
      }
      await Promise.all(twins.map(flushDownloads))
    }
    for (const id of ids) {
      assert.deepEqual(await countDownloads(t.app, id), { total: 15, season: 15 })
    }
  })

  test('of a release that went are forgotten with it, and hold nobody up', async () => {
    const [gone, stays] = [await publish('gone'), await publish('stays')]
    countDownload(t.app, gone)
    await flushDownloads(t.app)
    countDownload(t.app, gone)
    countDownload(t.app, stays)
    const ref = { ecosystem: 'ori', namespace: 'acme', name: 'gone', key: 'gone' }
    await deletePackage(t.app, await ann.actor(), ref)
    await flushDownloads(t.app)
    assert.deepEqual(await countDownloads(t.app, gone), { total: 0, season: 0 })
    assert.deepEqual(await countDownloads(t.app, stays), { total: 1, season: 1 })
  })

  test('of more releases than one statement takes', async () => {
    const id = await publish('large')
    for (let other = 1; other <= 1_200; other++) countDownload(t.app, 10_000_000 + other)
    countDownload(t.app, id)
    await flushDownloads(t.app)
    assert.deepEqual(await countDownloads(t.app, id), { total: 1, season: 1 })
  })

  test('are told of a whole ecosystem', async () => {
    const { packages, downloads } = await countEcosystem(t.app, 'ori')
    assert.ok(packages > 5)
    assert.ok(downloads > 30)
    assert.deepEqual(await countEcosystem(t.app, 'elba'), { packages: 0, downloads: 0 })
  })

  test('everything is counted once in ten seconds, however many ask', async () => {
    const twin = await t.openTwin()
    const before = await countEcosystem(twin, 'ori')
    await publish('counted')
    const asked = await Promise.all([countEcosystem(twin, 'ori'), countEcosystem(twin, 'ori')])
    assert.deepEqual(asked, [before, before])
    t.clock.advance(10)
    const { packages } = await countEcosystem(twin, 'ori')
    assert.equal(packages, before.packages + 1)
  })
})
