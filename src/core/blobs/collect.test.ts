import assert from 'node:assert/strict'
import type { App } from '#core/app.ts'
import type { Schema } from '#core/db/schema.ts'
import { startWorker } from '#core/jobs/worker.ts'
import { deleteRelease } from '#core/releases/delete-release.ts'
import { startUpload } from '#core/uploads/start-upload.ts'
import { writeUpload } from '#core/uploads/write-upload.ts'
import type { Problem } from '#core/verify/problem.ts'
import { verify } from '#core/verify/verify.ts'
import { afterEach, beforeEach, describe, test } from '#runtime/test.ts'
import { openTestApp, operator, type TestApp } from '#test/app.ts'
import { type CollectTotals, collectGarbage } from './collect.ts'
import { addPackage, newContent, publish, push, type TestPackage } from './collect-fixture.ts'
import { collectJob, collectSchedule } from './collect-job.ts'
import type { CollectItem } from './collect-run.ts'
import { digestOf } from './digest.ts'
import { reclaimableBytes } from './reclaimable.ts'

const GRACE = 3600
const NOTHING: CollectTotals = {
  expiredUploads: 0,
  unlinked: 0,
  deletedBlobs: 0,
  orphanFiles: 0,
  orphanParts: 0,
  reclaimedBytes: 0,
}

describe('collect', () => {
  let world: TestApp
  let app: App
  let web: TestPackage

  beforeEach(async () => {
    world = await openTestApp({ gcGraceSeconds: GRACE })
    // The store goes by the time of the disk.
    world.clock.now = new Date()
    app = world.app
    web = await addPackage(app, 'acme', 'web')
  })
  afterEach(() => world.close())

  const collect = (dryRun = false) => collectGarbage(app, { dryRun })
  const usedBytes = async (of: TestPackage) =>
    (
      await app.database.db
        .selectFrom('namespaces')
        .select('usedBytes')
        .where('id', '=', of.namespaceId)
        .executeTakeFirstOrThrow()
    ).usedBytes
  const rows = (table: keyof Schema) => app.database.db.selectFrom(table).selectAll().execute()
  const audited = () =>
    app.database.db.selectFrom('audit').selectAll().where('action', '=', 'blobs.collect').execute()

  async function* one(bytes: Uint8Array) {
    yield bytes
  }

  async function stored(): Promise<string[]> {
    const found: string[] = []
    const future = new Date(Date.now() + 1e12)
    for await (const locator of app.blobs.listLocators(future)) found.push(locator)
    for await (const part of app.blobs.listParts(future)) found.push(part)
    return found.sort()
  }

  async function assertSound(): Promise<void> {
    const problems: Problem[] = []
    await verify(app, { checkBytes: true, onProblem: (problem) => problems.push(problem) })
    assert.deepEqual(problems, [])
  }

  test('a blob that no release names goes when its grace is over, not before', async () => {
    const digest = await push(app, web, newContent(1000))
    world.clock.advance(GRACE)
    assert.deepEqual(await collect(), { ...NOTHING, graceBytes: 1000, isComplete: true })
    assert.equal(await reclaimableBytes(app), 1000)
    assert.equal(await usedBytes(web), 1000)
    assert.deepEqual(await audited(), [])
    world.clock.advance(1)
    assert.deepEqual(await collect(), {
      ...NOTHING,
      unlinked: 1,
      deletedBlobs: 1,
      reclaimedBytes: 1000,
      graceBytes: 0,
      isComplete: true,
    })
    assert.equal(await reclaimableBytes(app), 0)
    assert.equal(await usedBytes(web), 0)
    assert.deepEqual(await stored(), [])
    assert.deepEqual(
      (await rows('blobs')).filter((blob) => 'digest' in blob && blob.digest === digest),
      [],
    )
    const [line, ...more] = await audited()
    assert.equal(more.length, 0)
    assert.equal(line?.actor, 'system:job')
    assert.deepEqual(JSON.parse(line.detail), {
      ...NOTHING,
      unlinked: 1,
      deletedBlobs: 1,
      reclaimedBytes: 1000,
    })
    await assertSound()
  })

  test('what a release names stays, however old', async () => {
    const content = [newContent(), newContent()]
    for (const each of content) await push(app, web, each)
    await publish(app, web, content, ['latest'])
    const before = await stored()
    assert.equal(before.length, 3)
    world.clock.advance(1000 * GRACE)
    assert.deepEqual(await collect(), { ...NOTHING, graceBytes: 0, isComplete: true })
    assert.deepEqual(await stored(), before)
    await assertSound()
  })

  test('pushing or mounting again begins a new grace', async () => {
    const content = newContent()
    await push(app, web, content)
    world.clock.advance(GRACE)
    await push(app, web, content)
    world.clock.advance(GRACE)
    assert.equal((await collect()).deletedBlobs, 0)
    await publish(app, web, [content])
    await assertSound()
  })

  test('a shared blob goes from each package by itself, and from the store with the last', async () => {
    const api = await addPackage(app, 'acme', 'api')
    const other = await addPackage(app, 'other', 'web')
    const content = newContent(1000)
    const versions: string[] = []
    for (const each of [web, api, other]) {
      await push(app, each, content)
      versions.push(await publish(app, each, [content]))
    }
    const manifest = (await usedBytes(web)) - 1000
    const [version = ''] = versions
    const drop = async (from: TestPackage) => {
      await deleteRelease(app, operator, from.ref, version)
      world.clock.advance(GRACE + 1)
      return await collect()
    }
    assert.deepEqual(await drop(web), { ...NOTHING, unlinked: 2, graceBytes: 0, isComplete: true })
    assert.equal(await usedBytes(web), 1000 + manifest)
    await assertSound()
    assert.deepEqual(await drop(api), { ...NOTHING, unlinked: 2, graceBytes: 0, isComplete: true })
    assert.equal(await usedBytes(web), 0)
    assert.equal(await usedBytes(other), 1000 + manifest)
    await assertSound()
    const last = await drop(other)
    assert.equal(last.deletedBlobs, 2)
    assert.equal(last.reclaimedBytes, 1000 + manifest)
    assert.deepEqual(await stored(), [])
    await assertSound()
  })

  test('a dry run lists exactly what a real one takes, and changes nothing', async () => {
    const kept = newContent()
    await push(app, web, kept)
    await publish(app, web, [kept])
    for (let n = 0; n < 3; n++) await push(app, web, newContent(100))
    await push(app, await addPackage(app, 'other', 'x'), newContent(100))
    await app.blobs.put(digestOf(kept), kept)
    await app.blobs.writePart('part-without-upload', one(newContent(10)), 1e6)
    const upload = await startUpload(app, operator, web.ref)
    await writeUpload(
      app,
      operator,
      { package: web.ref, id: upload },
      { body: one(newContent(77)) },
    )
    world.clock.advance(app.settings.uploadExpirySeconds + 1)
    await push(app, web, newContent(55))
    const tables = ['blobs', 'packageBlobs', 'uploads', 'namespaces', 'audit', 'settings'] as const
    const snapshot = async () => [await Promise.all(tables.map(rows)), await stored()]
    const before = await snapshot()
    const dry: CollectItem[] = []
    const dryTotals = await collectGarbage(app, { dryRun: true, onItem: (item) => dry.push(item) })
    assert.deepEqual(await snapshot(), before)
    const real: CollectItem[] = []
    const realTotals = await collectGarbage(app, {
      dryRun: false,
      onItem: (item) => real.push(item),
    })
    const sorted = (items: CollectItem[]) => items.map((item) => JSON.stringify(item)).sort()
    assert.deepEqual(sorted(dry), sorted(real))
    assert.deepEqual(dryTotals, realTotals)
    assert.deepEqual(realTotals, {
      expiredUploads: 1,
      unlinked: 4,
      deletedBlobs: 4,
      orphanFiles: 1,
      orphanParts: 1,
      reclaimedBytes: 400 + 1000 + 77,
      graceBytes: 55,
      isComplete: true,
    })
    assert.equal((await stored()).length, 3)
    await assertSound()
  })

  test('uploads expire when nobody touched them, and their parts with them', async () => {
    const { uploadExpirySeconds } = app.settings
    const [stale = '', fresh = ''] = [
      await startUpload(app, operator, web.ref),
      await startUpload(app, operator, web.ref),
    ]
    const write = (id: string) =>
      writeUpload(app, operator, { package: web.ref, id }, { body: one(newContent(10)) })
    await write(stale)
    await write(stale)
    await write(fresh)
    world.clock.advance(uploadExpirySeconds)
    await write(fresh)
    world.clock.advance(1)
    const collected = await collect()
    assert.equal(collected.expiredUploads, 1)
    assert.equal(collected.reclaimedBytes, 20)
    assert.equal(collected.orphanParts, 0)
    assert.deepEqual(
      (await stored()).map((part) => part.startsWith(fresh)),
      [true, true],
    )
    await write(fresh)
    await assertSound()
  })

  test('files and parts that no row tells of go after the grace', async () => {
    const content = newContent(300)
    await push(app, web, content)
    await publish(app, web, [content])
    const { locator } = await app.blobs.put(digestOf(content), content)
    await app.blobs.writePart('part-without-upload', one(content), 1e6)
    const isThere = async () => (await app.blobs.size(locator)) !== undefined
    world.clock.advance(GRACE - 60)
    assert.deepEqual(await collect(), { ...NOTHING, graceBytes: 0, isComplete: true })
    assert.equal(await isThere(), true)
    world.clock.advance(120)
    assert.deepEqual(await collect(), {
      ...NOTHING,
      orphanFiles: 1,
      orphanParts: 1,
      reclaimedBytes: 300,
      graceBytes: 0,
      isComplete: true,
    })
    assert.equal(await isThere(), false)
    assert.equal((await stored()).length, 2)
    await assertSound()
  })

  test('ends early when told, and goes on where it ended', async () => {
    for (let n = 0; n < 120; n++) await push(app, web, newContent(10))
    world.clock.advance(GRACE + 1)
    const stopped = await collectGarbage(app, { dryRun: false, signal: AbortSignal.abort() })
    assert.equal(stopped.isComplete, false)
    const unlinked: number[] = []
    const deleted: number[] = []
    for (let isComplete = false; !isComplete; ) {
      const collected = await collectGarbage(app, { dryRun: false, maxBatches: 1 })
      unlinked.push(collected.unlinked)
      deleted.push(collected.deletedBlobs)
      isComplete = collected.isComplete
      await assertSound()
    }
    // The batch that ended the run before is not counted twice.
    assert.deepEqual([...unlinked, stopped.unlinked].filter(Boolean).sort(), [20, 50, 50])
    assert.deepEqual(deleted.filter(Boolean).sort(), [20, 50, 50])
    assert.deepEqual(await stored(), [])
  })

  test('as a job, on its schedule', async () => {
    await push(app, web, newContent(10))
    const seen: number[] = []
    const handler = collectJob((collected) => seen.push(collected.deletedBlobs))
    const worker = startWorker(app, [handler], [collectSchedule(1800)], { pollMs: 3_600_000 })
    try {
      for (let step = 0; step < 3; step++) {
        await worker.idle()
        world.clock.advance(1801)
      }
      await worker.idle()
      assert.deepEqual(seen, [0, 1, 0])
    } finally {
      await worker.stop()
    }
  })

  test('whoever caches a package hears that a blob of it went', async () => {
    const twin = await world.openTwin()
    await push(app, web, newContent(10))
    world.clock.advance(GRACE + 1)
    let loads = 0
    const load = async () => ({ value: ++loads, topics: [`package:${web.id}`] })
    await twin.cache.through('k', load)
    await twin.cache.through('k', load)
    const before = loads
    await collect()
    const deadline = Date.now() + 5000
    while (loads === before && Date.now() < deadline) await twin.cache.through('k', load)
    assert.equal(loads, before + 1)
  })
})

describe('collect against pushes', () => {
  const ROUNDS = 20
  const CONTENTS = Array.from({ length: 6 }, () => newContent(200))

  test('without any grace, from two processes: no acknowledged release ever lacks a byte', async () => {
    const world = await openTestApp({ gcGraceSeconds: 0 })
    // Before any file was written: orphans, which do need their grace, are out of the game.
    world.clock.now = new Date('2001-01-01T00:00:00Z')
    try {
      const apps = [world.app, await world.openTwin()]
      const packages = [
        await addPackage(world.app, 'acme', 'web'),
        await addPackage(world.app, 'acme', 'api'),
        await addPackage(world.app, 'other', 'web'),
      ]
      const alive = new Map<string, Set<string>>()
      let unknown = 0
      let isOver = false
      const tick = () => world.clock.advance(0.001)

      const pusher = async (index: number, app: App) => {
        const to = packages[index % packages.length]
        assert.ok(to)
        const mine = new Set<string>()
        alive.set(`${index} ${to.id}`, mine)
        for (let round = 0; round < ROUNDS; round++) {
          tick()
          const start = (round + index) % CONTENTS.length
          const content = [...CONTENTS, ...CONTENTS].slice(start, start + 3)
          // Its own, so that pushers do not delete each other's.
          const own = new TextEncoder().encode(`${index} ${round % 5}`)
          for (const each of [...content, own]) await push(app, to, each)
          tick()
          try {
            const version = await publish(app, to, [...content, own])
            mine.add(version)
          } catch (error) {
            // Collected between push and publish, which is what the grace is for: push again.
            assert.equal((error as { code?: string }).code, 'manifest_blob_unknown')
            unknown++
            continue
          }
          if (round % 3 === 0) continue
          const [victim = ''] = mine
          mine.delete(victim)
          await deleteRelease(app, operator, to.ref, victim)
        }
      }
      const collector = async (app: App) => {
        let deleted = 0
        while (!isOver) {
          tick()
          deleted += (await collectGarbage(app, { dryRun: false })).deletedBlobs
        }
        return deleted
      }
      const collecting = Promise.all(apps.map(collector))
      // A failing collector must not go unnoticed while the pushers work.
      collecting.catch(() => {})
      try {
        await Promise.all(
          Array.from({ length: 6 }, (_, index) => pusher(index, apps[index % 2] ?? world.app)),
        )
      } finally {
        isOver = true
      }
      const deleted = await collecting
      assert.ok(
        deleted.every((count) => count > 0),
        `deleted ${deleted}, unknown ${unknown}`,
      )
      const problems: Problem[] = []
      const verified = await verify(world.app, {
        checkBytes: true,
        onProblem: (problem) => problems.push(problem),
      })
      assert.deepEqual(problems, [])
      const expected = [...alive].flatMap(([key, versions]) =>
        [...versions].map((version) => `${key.split(' ')[1]} ${version}`),
      )
      const releases = await world.app.database.db.selectFrom('releases').selectAll().execute()
      assert.deepEqual(
        releases.map((release) => `${release.packageId} ${release.version}`).sort(),
        expected.sort(),
      )
      assert.equal(verified.checked.releases, expected.length)
      assert.ok(expected.length > 0)
    } finally {
      await world.close()
    }
  })
})
