import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fsBackups } from '#adapters/fs-backups.ts'
import { openFsBlobs } from '#adapters/fs-blobs.ts'
import { openPostgres } from '#adapters/postgres.ts'
import { openSqlite } from '#adapters/sqlite.ts'
import type { App } from '#core/app.ts'
import { collectGarbage } from '#core/blobs/collect.ts'
import {
  addPackage,
  newContent,
  publish,
  push,
  type TestPackage,
} from '#core/blobs/collect-fixture.ts'
import { migrate, migrationNames } from '#core/db/migrations.ts'
import { readLogState } from '#core/log/read-log.ts'
import { sequence } from '#core/log/sequence.ts'
import { deleteRelease } from '#core/releases/delete-release.ts'
import { yankRelease } from '#core/releases/yank-release.ts'
import { rebuildSearch } from '#core/search/rebuild-search.ts'
import { verify } from '#core/verify/verify.ts'
import { after, before, beforeEach, describe, test } from '#runtime/test.ts'
import { openTestApp, operator, type TestApp } from '#test/app.ts'
import { createTestDatabase } from '#test/postgres.ts'
import { newUser } from '#test/served.ts'
import { areBlobsKept, KEEP_BLOBS_KEY } from './collection-pause.ts'
import { type CreatedBackup, createBackup } from './create-backup.ts'
import { type Manifest, writeManifest } from './manifest.ts'
import { pruneBackups } from './prune-backups.ts'
import { restoreBackup } from './restore-backup.ts'
import { packRows, rowFileName } from './row-file.ts'
import { getBackup, listBackups } from './snapshots.ts'
import { allTables } from './tables.ts'
import type { BackupTarget } from './target.ts'
import { type BackupProblem, requireSound, verifyBackup } from './verify-backup.ts'

const SECRET = { name: 'log.key', bytes: Buffer.from('secret\n') }
const KEY = new Uint8Array(32).fill(7)

let world: TestApp
let app: App
let dir: string
let target: BackupTarget
let web: TestPackage

async function open(gcGraceSeconds = 0): Promise<void> {
  world = await openTestApp({ gcGraceSeconds })
  app = world.app
  dir = await mkdtemp(join(tmpdir(), 'entrepot-backup-'))
  target = fsBackups(dir)
  await newUser(app, 'ann')
  web = await addPackage(app, 'acme', 'web')
  const content = newContent()
  await push(app, web, content)
  await publish(app, web, [content], ['latest'])
  await sequence(app)
}
async function close(): Promise<void> {
  await world.close()
  await rm(dir, { recursive: true })
}

function create(more: Partial<Parameters<typeof createBackup>[1]> = {}): Promise<CreatedBackup> {
  return createBackup(app, { target, version: '1.0', readSecrets: async () => [SECRET], ...more })
}

async function problemsOf(snapshot?: string): Promise<BackupProblem[]> {
  const problems: BackupProblem[] = []
  const onProblem = (problem: BackupProblem) => problems.push(problem)
  const found = await getBackup(target, snapshot)
  await verifyBackup(target, { ...found, checked: new Set(), onProblem })
  return problems
}

/** Restores the newest backup into another registry and checks all of that. */
async function restored<T>(check: (app: App) => Promise<T>, into?: App): Promise<T> {
  const other = into ? undefined : await openTestApp()
  const there = into ?? other?.app
  assert.ok(there)
  try {
    const found = await getBackup(target, undefined)
    await requireSound(target, found.snapshot, found.manifest)
    await restoreBackup(there, { target, ...found })
    await rebuildSearch(there)
    const problems: unknown[] = []
    await verify(there, { checkBytes: true, onProblem: (problem) => problems.push(problem) })
    assert.deepEqual(problems, [])
    return await check(there)
  } finally {
    await other?.close()
  }
}

const rows = async (from: App, table: 'releases' | 'tags' | 'releaseFiles' | 'users' | 'tokens') =>
  (await from.database.db.selectFrom(table).selectAll().execute())
    .map((row) => JSON.stringify(Object.entries(row).sort()))
    .sort()

async function refused(work: Promise<unknown>, code: string, message: RegExp): Promise<void> {
  await assert.rejects(work, (error: Error & { code?: string }) => {
    assert.equal(error.code, code, error.message)
    assert.match(error.message, message)
    return true
  })
}

describe('backup', () => {
  before(() => open())
  after(close)
  beforeEach(() => {
    // Each test has a place of its own.
    target = fsBackups(join(dir, randomUUID()))
  })

  test('every table has its place in a backup', async () => {
    const there = await app.database.db
      .transaction()
      .execute((tx) => app.database.dialect.loader(tx).listTables())
    const others = /^(migrations|rate_counts|search_index.*|sqlite_.*)$/
    assert.deepEqual(there.filter((name) => !others.test(name)).sort(), [...allTables].sort())
  })

  test('what is restored is what was there: rows, keys, bytes, log', async () => {
    const { manifest, copied } = await create()
    assert.deepEqual(copied, { blobs: manifest.blobs.count, bytes: manifest.blobs.bytes })
    assert.deepEqual(manifest.migrations, [...migrationNames])
    assert.equal(manifest.log.checkpoint, (await readLogState(app.database.db)).checkpoint)
    assert.deepEqual(await problemsOf(), [])
    await restored(async (there) => {
      for (const table of ['releases', 'tags', 'releaseFiles', 'users', 'tokens'] as const) {
        assert.deepEqual(await rows(there, table), await rows(app, table))
      }
      // The log goes on, under the same key.
      await publish(there, web, [], ['next'])
      await sequence({ ...there, logSeeds: [KEY] })
      const { size } = await there.database.db
        .selectFrom('logState')
        .select('size')
        .executeTakeFirstOrThrow()
      assert.equal(size, manifest.log.size + 1)
    })
  })

  test('keys that were given away are not given away again', async () => {
    const last = await addPackage(app, 'acme', 'gone')
    await app.database.db
      .transaction()
      .execute((tx) => tx.deleteFrom('packages').where('id', '=', last.id).execute())
    await create()
    const next = await restored((there) => addPackage(there, 'acme', 'next'))
    assert.ok(next.id > last.id, `${next.id} after ${last.id}`)
  })

  test('from SQLite into whatever this runs on, and files only their owner may read', async () => {
    const database = await openSqlite(join(dir, 'other.sqlite'))
    await migrate(database.db, database.dialect)
    const blobs = await openFsBlobs(join(dir, 'other-blobs'))
    const place = join(dir, 'moved')
    target = fsBackups(place)
    const source = { ...app, database, blobs }
    try {
      const api = await addPackage(source, 'acme', 'äpi “x”')
      const content = newContent()
      await push(source, api, content)
      await publish(source, api, [content])
      await sequence(source)
      await createBackup(source, { target, version: '1', readSecrets: async () => [SECRET] })
      await restored(async (there) => {
        assert.deepEqual(await rows(there, 'releases'), await rows(source, 'releases'))
      })
    } finally {
      await database.close()
    }
    for (const entry of await readdir(place, { recursive: true, withFileTypes: true })) {
      const { mode } = await stat(join(entry.parentPath, entry.name))
      assert.equal(mode & 0o777, entry.isDirectory() ? 0o700 : 0o600, entry.name)
    }
  })

  test('from whatever this runs on into SQLite', async () => {
    await create()
    const database = await openSqlite(join(dir, 'into.sqlite'))
    await migrate(database.db, database.dialect)
    const blobs = await openFsBlobs(join(dir, 'into-blobs'))
    try {
      await restored(
        async (there) =>
          assert.deepEqual(await rows(there, 'releases'), await rows(app, 'releases')),
        { ...app, database, blobs },
      )
    } finally {
      await database.close()
    }
  })

  test('a second one copies only what is new', async () => {
    const first = await create()
    const nothing = await create()
    assert.deepEqual(nothing.copied, { blobs: 0, bytes: 0 })
    assert.notEqual(nothing.snapshot, first.snapshot)
    const content = newContent(500)
    await push(app, web, content)
    const { copied, manifest } = await create()
    assert.deepEqual(copied, { blobs: 1, bytes: 500 })
    assert.equal(manifest.blobs.count, first.manifest.blobs.count + 1)
    assert.equal((await listBackups(target)).backups.length, 3)
  })

  test('an older state is restored from the same place, and pruning takes it', async () => {
    const content = newContent(500)
    const digest = await push(app, web, content)
    const old = await publish(app, web, [content])
    const first = await create()
    await deleteRelease(app, operator, web.ref, old)
    world.clock.advance(1)
    await collectGarbage(app, { dryRun: false })
    const second = await create()
    assert.equal(second.copied.blobs, 0)
    assert.deepEqual(await problemsOf(first.snapshot), [])
    assert.deepEqual((await pruneBackups(target, 2)).snapshots, [])
    const pruned = await pruneBackups(target, 1)
    assert.deepEqual(pruned.snapshots, [first.snapshot])
    assert.equal(pruned.blobs, first.manifest.blobs.count - second.manifest.blobs.count)
    assert.deepEqual(
      [await target.hasBlob({ digest, size: 500 }), pruned.blobs >= 2],
      [false, true],
    )
    assert.deepEqual(await problemsOf(), [])
    await refused(getBackup(target, first.snapshot), 'not_found', /there is no backup 2026/)
  })

  test('collection deletes nothing while a backup runs, and goes on after it', async () => {
    const stray = newContent(300)
    await push(app, web, stray)
    world.clock.advance(1)
    let during: number | undefined
    const { manifest } = await create({
      // Between the database and the blobs.
      readSecrets: async () => {
        during = (await collectGarbage(app, { dryRun: false })).deletedBlobs
        return []
      },
    })
    assert.equal(during, 0)
    assert.deepEqual(await problemsOf(), [])
    const { deletedBlobs } = await collectGarbage(app, { dryRun: false })
    assert.ok(deletedBlobs > 0 && deletedBlobs < manifest.blobs.count, `${deletedBlobs}`)
  })

  test('a backup that was killed holds collection up for ten minutes, and no more', async () => {
    const kept = () => app.database.db.transaction().execute((tx) => areBlobsKept(app, tx))
    await assert.rejects(
      create({
        readSecrets: async () => {
          await app.database.db.transaction().execute((tx) =>
            tx
              .updateTable('settings')
              .set({ value: `${app.clock().getTime() + 600_000} x` })
              .where('key', '=', KEEP_BLOBS_KEY)
              .execute(),
          )
          throw new Error('killed')
        },
      }),
      /killed/,
    )
    assert.equal(await kept(), true)
    world.clock.advance(600)
    assert.equal(await kept(), false)
  })

  test('one that did not finish is no backup, and the next one uses its blobs', async () => {
    await assert.rejects(create({ readSecrets: () => Promise.reject(new Error('stop')) }), /stop/)
    const { backups, unfinished } = await listBackups(target)
    assert.deepEqual([backups.length, unfinished.length], [0, 1])
    await refused(getBackup(target, undefined), 'not_found', /no complete backup in \//)
    await refused(getBackup(target, unfinished[0]), 'not_found', /was never finished/)
    await create()
    assert.deepEqual((await listBackups(target)).unfinished, [])
  })

  test('damage is told by name, and never restored', async () => {
    const { snapshot, manifest } = await create()
    const at = (name: string) => join(target.place, 'snapshots', snapshot, name)
    const damage = async (path: string, subject: RegExp, code = 'unprocessable') => {
      const whole = await readFile(path)
      const cannot = new RegExp(`^the backup cannot be used: ${subject.source}`)
      for (const harm of [() => appendFile(path, 'x'), () => rm(path)]) {
        await harm()
        const [problem] = await problemsOf()
        assert.match(problem?.subject ?? '', subject)
        await refused(
          restored(async () => {}),
          code,
          cannot,
        )
        await writeFile(path, whole)
      }
    }
    const digest = manifest.files.length > 0 ? await anyDigest() : ''
    const hex = digest.slice('sha256:'.length)
    await damage(
      join(target.place, 'blobs', 'sha256', hex.slice(0, 2), hex),
      new RegExp(`blob ${digest}`),
    )
    await damage(at('database/releases.jsonl.gz'), /\S+\/database\/releases\.jsonl\.gz/)
    await damage(at('secrets/log.key'), /\S+\/secrets\/log\.key/)
    const text = await readFile(at('manifest.json'), 'utf8')
    for (const tampered of [
      text.replace('"version": "1.0"', '"version": "2.0"'),
      text.slice(0, 90),
      'null',
    ]) {
      await writeFile(at('manifest.json'), tampered)
      const [listed] = (await listBackups(target)).backups
      assert.ok(listed?.problem?.startsWith(snapshot), `${listed?.problem}`)
      await refused(
        getBackup(target, undefined),
        'unprocessable',
        /manifest\.json is damaged|format/,
      )
      await refused(pruneBackups(target, 1), 'conflict', /^nothing was pruned/)
    }
    await writeFile(at('manifest.json'), text)
    assert.deepEqual(await problemsOf(), [])
  })

  test('a log that does not lead to its root, and rows that are missing, are found', async () => {
    const { snapshot, manifest } = await create()
    const forge = async (change: Partial<Manifest>, subject: string) => {
      await writeManifest(target, snapshot, { ...manifest, ...change })
      assert.deepEqual(
        (await problemsOf()).map((problem) => problem.subject),
        [`${snapshot}: ${subject}`],
      )
      await writeManifest(target, snapshot, manifest)
    }
    await forge({ log: { ...manifest.log, size: manifest.log.size + 1 } }, 'log')
    const more = manifest.tables.map((table) =>
      table.name === 'users' ? { ...table, rows: 2 } : table,
    )
    await forge({ tables: more }, 'table users')
  })

  test('restoring is refused: not empty, newer, older than what is there', async () => {
    const { snapshot, manifest } = await create()
    const restore = (change: Partial<Manifest> = {}) =>
      restoreBackup(app, { target, snapshot, manifest: { ...manifest, ...change } })
    await refused(restore(), 'conflict', /^the database is not empty \(\w+\)/)
    const newer = [...manifest.migrations, '9999-later']
    await refused(
      restore({ migrations: newer }),
      'conflict',
      /has migration 9999-later, which this version does not know: use entrepot 1\.0 or newer/,
    )
    const empty = await openTestApp()
    const older = { ...manifest, migrations: manifest.migrations.slice(0, 3) }
    await refused(
      restoreBackup(empty.app, { target, snapshot, manifest: older }),
      'conflict',
      /already has migration 0004-search, which the backup does not have/,
    )
    await empty.close()
  })

  test('a backup of an older version is filled into its own schema, then migrated', async () => {
    const { snapshot, manifest } = await create()
    const user = { id: 7, name: 'Old', key: 'old', email: 'Old@example.org' }
    const row = { ...user, is_operator: 0, created_at: 1, disabled_at: null }
    async function* rowsThen() {
      yield [row]
    }
    const name = rowFileName('users')
    const file = await target.writeFile(
      snapshot,
      name,
      packRows(rowsThen(), () => {}),
    )
    const older: Manifest = {
      ...manifest,
      migrations: migrationNames.slice(0, 5),
      tables: [{ name: 'users', rows: 1, lastKey: 9 }],
      files: [{ name, ...file }],
    }
    const server = await createTestDatabase()
    const database = server
      ? await openPostgres({ url: server.url, poolSize: 2, onError: () => {} })
      : await openSqlite(join(dir, 'older.sqlite'))
    try {
      await restoreBackup({ database, blobs: app.blobs }, { target, snapshot, manifest: older })
      const applied = await migrate(database.db, database.dialect)
      assert.deepEqual(applied, migrationNames.slice(5))
      const found = await database.db.selectFrom('users').select(['id', 'emailKey']).execute()
      assert.deepEqual(found, [{ id: 7, emailKey: 'old@example.org' }])
    } finally {
      await database.close()
      await server?.drop()
    }
  })

  test('at last: a blob that the registry lost fails the backup by name', async () => {
    const { locator, digest } = await app.database.db
      .selectFrom('blobs')
      .selectAll()
      .limit(1)
      .executeTakeFirstOrThrow()
    const { path = '' } = await app.blobs.open(locator)
    const bytes = await readFile(path)
    await writeFile(path, Buffer.alloc(bytes.length))
    await refused(create(), 'digest_invalid', new RegExp(`other bytes than those of ${digest}`))
    await app.blobs.delete(locator)
    await refused(create(), 'conflict', new RegExp(`no bytes of blob ${digest}`))
    assert.equal((await listBackups(target)).backups.length, 0)
  })

  async function anyDigest(): Promise<string> {
    const { digest } = await app.database.db
      .selectFrom('blobs')
      .select('digest')
      .limit(1)
      .executeTakeFirstOrThrow()
    return digest
  }
})

describe('backup in a storm', () => {
  before(() => open(0.3))
  after(close)

  test('what was acknowledged before it began is in it, and it is whole', async () => {
    let isOver = false
    const acknowledged: string[] = []
    const worker = async (index: number) => {
      const mine = await addPackage(app, `storm${index}`, 'web')
      for (let round = 0; !isOver; round++) {
        world.clock.advance(0.01)
        const content = newContent(200 + index)
        try {
          await push(app, mine, content)
          const published = await publish(app, mine, [content], ['latest'])
          if (round % 3 === 0) {
            await yankRelease(app, operator, mine.ref, { version: published, isYanked: true })
          }
          if (round % 4 === 1) await deleteRelease(app, operator, mine.ref, published)
          else acknowledged.push(published)
        } catch (error) {
          // Collected between push and publish, which is what the grace is for.
          assert.equal((error as { code?: string }).code, 'manifest_blob_unknown')
        }
        if (round % 5 === 0) await sequence(app)
        // In life the backup is another process: here it must get its turns.
        await sleep(30)
      }
    }
    const collector = async () => {
      while (!isOver) {
        await collectGarbage(app, { dryRun: false })
        await sleep(50)
      }
    }
    const working = Promise.all([...[1, 2, 3].map(worker), collector()])
    working.catch(() => {})
    let promised: string[] = []
    try {
      for (const _ of ['all', 'what is new']) {
        const least = acknowledged.length + 6
        while (acknowledged.length < least) await sleep(5)
        promised = [...acknowledged]
        await create()
      }
    } finally {
      isOver = true
    }
    await working
    assert.deepEqual(await problemsOf(), [])
    await restored(async (there) => {
      const known = await there.database.db.selectFrom('releases').select('version').execute()
      const versions = new Set(known.map((one) => one.version))
      assert.deepEqual(
        promised.filter((one) => !versions.has(one)),
        [],
      )
    })
  })
})
