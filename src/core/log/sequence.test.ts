import assert from 'node:assert/strict'
import { sql } from 'kysely'
import type { App } from '#core/app.ts'
import {
  addPackage,
  newContent,
  publish,
  push,
  type TestPackage,
} from '#core/blobs/collect-fixture.ts'
import { change } from '#core/db/change.ts'
import { deleteRelease } from '#core/releases/delete-release.ts'
import { verify } from '#core/verify/verify.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { openTestApp, operator, type TestApp } from '#test/app.ts'
import { appendLog } from './append.ts'
import { openCheckpoint } from './checkpoint.ts'
import { logOrigin, logSigners } from './log-signers.ts'
import { proofFile } from './make-proof-file.ts'
import { leafHash, rootHash } from './merkle.ts'
import { isConsistent, isIncluded, type TreeHead } from './merkle-verify.ts'
import { generateSeed } from './note.ts'
import { proveConsistency, proveEntry } from './prove.ts'
import { readLogState, readRecords, tileReader } from './read-log.ts'
import { rebuildLog } from './rebuild-log.ts'
import { ForeignLogKeyError, sequence } from './sequence.ts'
import { startSequencer } from './sequencer.ts'
import { nodesOf } from './tiles.ts'
import { verifyRelease } from './verify-release.ts'

const trusted = (app: App) => ({
  origin: logOrigin(app),
  verifiers: logSigners(app).map(({ verifier }) => verifier),
})

/** The signed tree, after looking at all that it promises. */
async function checkedHead(app: App): Promise<TreeHead> {
  const { db } = app.database
  const { checkpoint, size, goTree } = await readLogState(db)
  const head = openCheckpoint(checkpoint, trusted(app).origin, trusted(app).verifiers)
  assert.equal(head.size, size)
  const go = openCheckpoint(goTree, 'go.sum database tree', trusted(app).verifiers)
  assert.deepEqual(go.root, head.root)
  assert.deepEqual(await rootHash(nodesOf(tileReader(db)), size), head.root)
  return head
}

async function problemsOf(app: App): Promise<string[]> {
  const kinds: string[] = []
  await verify(app, { checkBytes: false, onProblem: ({ kind }) => kinds.push(kind) })
  return kinds
}

async function logMany(app: App, to: TestPackage, versions: readonly string[]): Promise<void> {
  const name = `${to.ref.namespace}/${to.ref.name}`
  const digest = 'sha256:0'
  await change(app, async (tx) => {
    for (const version of versions) {
      await appendLog(app, tx, { event: 'publish', ecosystem: 'oci', name, version, digest })
    }
  })
}

const numbers = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => `v${from + index}`)

describe('the log', () => {
  let t: TestApp
  let app: App
  let twin: App
  let web: TestPackage

  before(async () => {
    t = await openTestApp()
    app = t.app
    twin = await t.openTwin()
    web = await addPackage(app, 'acme', 'web')
  })
  after(() => t.close())

  test('is signed while it is empty', async () => {
    assert.deepEqual(await sequence(app), { added: 0, isFull: false })
    const head = await checkedHead(app)
    assert.equal(head.size, 0)
  })

  test('every publish is in the next checkpoint, once, and its proof file shows it', async () => {
    const content = newContent()
    await push(app, web, content)
    const versions = [await publish(app, web, [content]), await publish(app, web, [])]
    await publish(app, web, [content], ['latest'])
    assert.deepEqual(await sequence(app), { added: 2, isFull: false })
    assert.equal((await checkedHead(app)).size, 2)
    for (const version of versions) {
      const file = await proofFile(app, 'oci', 'acme/web', version)
      const release = { ecosystem: 'oci', name: 'acme/web', version, digest: version }
      assert.equal(verifyRelease(file, release, trusted(app)).size, 2)
      const other = { ...release, digest: `sha256:${'0'.repeat(64)}` }
      assert.throws(() => verifyRelease(file, other, trusted(app)), /does not show/)
      const bent = file.replace(/\n([A-Za-z0-9+/]{43}=)\n/, `\n${'A'.repeat(43)}=\n`)
      assert.notEqual(bent, file)
      assert.throws(() => verifyRelease(bent, release, trusted(app)))
    }
    assert.deepEqual(await problemsOf(app), [])
  })

  test('a refused publish leaves no entry', async () => {
    const missing = newContent()
    await assert.rejects(publish(app, web, [missing]))
    assert.deepEqual(await sequence(app), { added: 0, isFull: false })
  })

  test('entries stay when their release goes', async () => {
    const version = await publish(app, web, [])
    await sequence(app)
    const before = await checkedHead(app)
    await deleteRelease(app, operator, web.ref, version)
    await sequence(app)
    assert.deepEqual(await checkedHead(app), before)
    await publish(app, web, [])
    assert.equal((await sequence(app)).added, 1)
    assert.ok(await proofFile(app, 'oci', 'acme/web', version))
  })

  test('what a private package does is hidden, and proven with its salt', async () => {
    const secret = await addPackage(app, 'acme', 'secret')
    await change(app, (tx) =>
      tx
        .updateTable('packages')
        .set({ visibility: 'private' })
        .where('id', '=', secret.id)
        .execute(),
    )
    const version = await publish(app, secret, [])
    await sequence(app)
    const { size } = await readLogState(app.database.db)
    const [record = ''] = await readRecords(app, size - 1, size)
    assert.match(record, /^private [0-9a-f]{64}\n$/)
    const file = await proofFile(app, 'oci', 'acme/secret', version)
    const release = { ecosystem: 'oci', name: 'acme/secret', version, digest: version }
    assert.equal(verifyRelease(file, release, trusted(app)).size, size)
    assert.deepEqual(await problemsOf(app), [])
  })

  test('any two checkpoints are one history, every entry is in all later ones', async () => {
    const heads = [await checkedHead(app)]
    let logged = 0
    for (const count of [1, 3, 60, 1, 195, 256, 300, 2]) {
      await logMany(app, web, numbers(count, logged))
      logged += count
      await sequence(logged % 2 === 0 ? app : twin)
      heads.push(await checkedHead(app))
    }
    assert.equal((heads.at(-1)?.size ?? 0) - (heads[0]?.size ?? 0), logged)
    for (const [at, head] of heads.entries()) {
      for (const old of heads.slice(0, at)) {
        const proof = await proveConsistency(app, old.size, head.size)
        assert.ok(isConsistent(old, head, proof), `${old.size} → ${head.size}`)
      }
    }
    const last = await checkedHead(app)
    const records = await readRecords(app, 0, last.size)
    assert.equal(records.length, last.size)
    for (let index = 0; index < last.size; index += 37) {
      const { proof } = await proveEntry(app, index)
      assert.ok(isIncluded(last, { index, leaf: leafHash(records[index] ?? ''), proof }))
    }
    assert.deepEqual(await problemsOf(app), [])
  })

  test('two sequencers at once give every entry one place, within a second', async () => {
    const options = { pollMs: 100, pauseMs: 10 }
    const both = [startSequencer(app, options), startSequencer(twin, options)]
    const { size } = await checkedHead(app)
    const begun = performance.now()
    await Promise.all(
      numbers(40).map((round, index) =>
        logMany(index % 2 === 0 ? app : twin, web, [`${round}-a`, `${round}-b`]),
      ),
    )
    await Promise.all(both.map((each) => each.idle()))
    assert.equal((await checkedHead(app)).size, size + 80)
    assert.ok(performance.now() - begun < 1_000)
    await Promise.all(both.map((each) => each.stop()))
    assert.deepEqual(await problemsOf(app), [])
  })

  test('a sequencer hears of another process’ entries by itself', async () => {
    const sequencer = startSequencer(app, { pollMs: 50, pauseMs: 10 })
    await sequencer.idle()
    const { size } = await checkedHead(app)
    await logMany(twin, web, ['from-elsewhere'])
    const giveUpAt = performance.now() + 1_000
    while ((await checkedHead(twin)).size === size) {
      assert.ok(performance.now() < giveUpAt, 'a second passed')
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    await logMany(app, web, ['last'])
    await sequencer.stop()
    assert.equal((await checkedHead(app)).size, size + 2)
  })

  test('what dies midway never happened: the next run does it whole', async () => {
    await logMany(app, web, numbers(300, 10_000))
    const before = await readLogState(app.database.db)
    const tiles = () => app.database.db.selectFrom('logTiles').selectAll().execute()
    const tilesBefore = await tiles()
    // As a process that dies after the tiles and before the checkpoint, or anywhere else.
    await assert.rejects(
      sequence({ ...app, cache: app.cache, settings: { ...app.settings, logOrigin: 'a b' } }),
    )
    for (const table of ['log_state', 'log_tiles']) {
      const blocked = await blockWrites(app, table)
      await assert.rejects(sequence(app), /blocked/)
      await blocked.end()
      assert.deepEqual(await readLogState(app.database.db), before)
      assert.deepEqual(await tiles(), tilesBefore)
    }
    assert.equal((await sequence(twin)).added, 300)
    await checkedHead(app)
    assert.deepEqual(await problemsOf(app), [])
  })

  test('a process with another key cannot go on with the log; an added key can', async () => {
    await logMany(app, web, ['keyed'])
    const before = await readLogState(app.database.db)
    const newSeed = generateSeed()
    await assert.rejects(sequence({ ...app, logSeeds: [newSeed] }), ForeignLogKeyError)
    await assert.rejects(sequence({ ...app, logSeeds: [] }), ForeignLogKeyError)
    assert.deepEqual(await readLogState(app.database.db), before)
    const rotating = { ...app, logSeeds: [newSeed, ...app.logSeeds] }
    assert.equal((await sequence(rotating)).added, 1)
    await checkedHead(app)
    await checkedHead(rotating)
    const rotated = { ...app, logSeeds: [newSeed] }
    await sequence(rotated)
    await checkedHead(rotated)
    await assert.rejects(sequence(app), ForeignLogKeyError)
    // Back, for the tests after this one.
    await sequence(rotating)
    await sequence(app)
  })

  test('tiles are made again from the entries, byte for byte', async () => {
    const tiles = () =>
      app.database.db
        .selectFrom('logTiles')
        .selectAll()
        .orderBy('level')
        .orderBy('number')
        .execute()
    const before = await tiles()
    await change(app, (tx) => tx.updateTable('logTiles').set({ hashes: 'AAAA' }).execute())
    assert.ok((await problemsOf(app)).includes('log_tile'))
    const { size } = await readLogState(app.database.db)
    assert.deepEqual(await rebuildLog(app), { size })
    assert.deepEqual(await tiles(), before)
    assert.deepEqual(await problemsOf(app), [])
  })

  const damages: Array<[string, string[], () => ReturnType<typeof change>]> = [
    ['another version', ['log_record'], () => damageEntry({ version: 'other' })],
    [
      'another record',
      ['log_record', 'log_tile', 'log_root'],
      () => damageEntry({ record: 'oci/acme/web v1 publish sha256:1\n' }),
    ],
    [
      'another root',
      ['log_signature'],
      () =>
        change(app, async (tx) => {
          const { checkpoint } = await readLogState(tx)
          const text = checkpoint.replace(/\n\d+\n/, '\n1\n')
          await tx.updateTable('logState').set({ checkpoint: text }).execute()
        }),
    ],
    [
      'a release without an entry',
      ['release_unlogged'],
      () =>
        change(app, async (tx) => {
          await tx.updateTable('releases').set({ digest: 'sha256:2' }).execute()
        }),
    ],
  ]
  const damageEntry = (fields: { version?: string; record?: string }) =>
    change(app, async (tx) => {
      await tx.updateTable('logEntries').set(fields).where('position', '=', 300).execute()
    })

  test('verify finds damage', async () => {
    for (const [what, kinds, damage] of damages) {
      const saved = await save(app)
      await damage()
      const found = new Set(await problemsOf(app))
      for (const kind of kinds) assert.ok(found.has(kind), `${what}: ${[...found]}`)
      await saved.restore()
    }
    await change(app, async (tx) => {
      await tx.updateTable('logEntries').set({ record: 'x\n' }).where('position', '=', 5).execute()
    })
    await assert.rejects(rebuildLog(app), /not those/)
  })

  /** Lets every write to a table fail, as a crash in the middle would. */
  async function blockWrites(app: App, table: string) {
    const isPostgres = app.database.dialect.kind === 'postgres'
    const run = (text: string) => change(app, (tx) => sql.raw(text).execute(tx))
    if (isPostgres) {
      await run(`create or replace function refuse() returns trigger as
        $$ begin raise exception 'blocked'; end $$ language plpgsql`)
      await run(`create trigger blocked before insert or update on ${table}
        for each row execute function refuse()`)
      return { end: () => run(`drop trigger blocked on ${table}`) }
    }
    for (const kind of ['insert', 'update']) {
      await run(`create trigger blocked_${kind} before ${kind} on ${table}
        begin select raise(abort, 'blocked'); end`)
    }
    return {
      async end() {
        await run('drop trigger blocked_insert')
        await run('drop trigger blocked_update')
      },
    }
  }

  async function save(app: App) {
    const { db } = app.database
    const entries = await db
      .selectFrom('logEntries')
      .selectAll()
      .where('position', '=', 300)
      .execute()
    const state = await readLogState(db)
    const releases = await db.selectFrom('releases').select(['id', 'digest']).execute()
    return {
      restore: () =>
        change(app, async (tx) => {
          for (const { seq, ...fields } of entries) {
            await tx.updateTable('logEntries').set(fields).where('seq', '=', seq).execute()
          }
          await tx.updateTable('logState').set(state).execute()
          for (const { id, digest } of releases) {
            await tx.updateTable('releases').set({ digest }).where('id', '=', id).execute()
          }
        }),
    }
  }
})
