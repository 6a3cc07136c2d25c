import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import type { Database } from '#core/db/dialect.ts'
import { migrate } from '#core/db/migrations.ts'
import type { Tx } from '#core/db/schema.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { openSqlite } from './sqlite.ts'

describe('SQLite group commit', () => {
  let dir: string
  let one: Database
  let two: Database

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'entrepot-driver-'))
    // Two processes that open a new file at once must both succeed.
    ;[one, two] = await Promise.all([openSqlite(join(dir, 'a.db')), openSqlite(join(dir, 'a.db'))])
    await Promise.all([migrate(one.db, one.dialect), migrate(two.db, two.dialect)])
  })
  after(async () => {
    await one.close()
    await two.close()
    await rm(dir, { recursive: true })
  })

  const set = (tx: Tx, key: string, value = '') =>
    tx
      .insertInto('settings')
      .values({ key, value })
      .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
      .execute()
  const keys = async (prefix: string, database = two) =>
    (
      await database.db
        .selectFrom('settings')
        .select('key')
        .where('key', 'like', `${prefix}%`)
        .orderBy('key')
        .execute()
    ).map((row) => row.key)

  test('transactions of one batch all commit, and the failing ones leave nothing', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 40 }, (_, n) =>
        one.db.transaction().execute(async (tx) => {
          await set(tx, `batch-${String(n).padStart(2, '0')}`)
          await new Promise((resolve) => setTimeout(resolve, 1))
          if (n % 4 === 0) throw new Error('refused')
        }),
      ),
    )
    const expected = Array.from({ length: 40 }, (_, n) => n).filter((n) => n % 4 !== 0)
    assert.deepEqual(
      await keys('batch-'),
      expected.map((n) => `batch-${String(n).padStart(2, '0')}`),
    )
    assert.equal(results.filter((result) => result.status === 'rejected').length, 10)
  })

  test('a read outside a transaction sees nothing that is not committed', async () => {
    await one.db.transaction().execute(async (tx) => {
      await set(tx, 'secret-1')
      assert.deepEqual(await keys('secret-', one), [])
    })
    assert.deepEqual(await keys('secret-', one), ['secret-1'])
  })

  test('a write outside a transaction is refused', async () => {
    await assert.rejects(
      one.db.insertInto('settings').values({ key: 'stray', value: '' }).execute(),
      /readonly|query_only|attempt to write/i,
    )
  })

  test('a commit that fails rejects every member and the next batch works', async () => {
    const dangling = one.db.transaction().execute(async (tx) => {
      await sql`pragma defer_foreign_keys = on`.execute(tx)
      await sql`insert into members (namespace_id, user_id, role, created_at) values (99, 99, 'reader', 0)`.execute(
        tx,
      )
    })
    const innocent = one.db.transaction().execute((tx) => set(tx, 'doomed-1'))
    const results = await Promise.allSettled([dangling, innocent])
    assert.deepEqual(
      results.map((result) => result.status),
      ['rejected', 'rejected'],
    )
    assert.deepEqual(await keys('doomed-'), [])
    await one.db.transaction().execute((tx) => set(tx, 'healthy-1'))
    assert.deepEqual(await keys('healthy-'), ['healthy-1'])
  })

  test('two connections counting at once lose no count', async () => {
    await one.db.transaction().execute((tx) => set(tx, 'counter', '0'))
    const increment = (database: Database) =>
      database.db.transaction().execute(async (tx) => {
        const row = await tx
          .selectFrom('settings')
          .select('value')
          .where('key', '=', 'counter')
          .executeTakeFirstOrThrow()
        await set(tx, 'counter', String(Number(row.value) + 1))
      })
    await Promise.all(Array.from({ length: 200 }, (_, n) => increment(n % 2 ? one : two)))
    const row = await one.db
      .selectFrom('settings')
      .select('value')
      .where('key', '=', 'counter')
      .executeTakeFirstOrThrow()
    assert.equal(row.value, '200')
  })

  test('the change signal names what another connection changed, and only that', async () => {
    one.signal.poll()
    await two.db.transaction().execute((tx) => two.dialect.announce(tx, ['package:1', 'user:2']))
    assert.deepEqual(one.signal.poll(), ['package:1', 'user:2'])
    assert.deepEqual(one.signal.poll(), [])
  })
})
