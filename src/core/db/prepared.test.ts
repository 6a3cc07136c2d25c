import assert from 'node:assert/strict'
import { after, before, describe, test } from '#runtime/test.ts'
import { openTestApp, type TestApp } from '#test/app.ts'
import { prepared } from './prepared.ts'

const insertSetting = prepared<{ key: string; value: string }, unknown>((db, param) =>
  db
    .insertInto('settings')
    .values({ key: param('key'), value: param('value') })
    .onConflict((conflict) => conflict.column('key').doNothing()),
)
const settingsBetween = prepared<{ from: string; to: string }, { key: string; value: string }>(
  (db, param) =>
    db
      .selectFrom('settings')
      .selectAll()
      .where('key', '>=', param('from'))
      .where('key', '<=', param('to'))
      .orderBy('key'),
)

describe('prepared queries', () => {
  let subject: TestApp
  before(async () => {
    subject = await openTestApp()
  })
  after(() => subject.close())

  test('each run has its own values, and says what it changed', async () => {
    const { db } = subject.app.database
    const affected = await db
      .transaction()
      .execute(async (tx) => [
        (await insertSetting(tx, { key: 'p1', value: "it's" })).affected,
        (await insertSetting(tx, { key: 'p2', value: 'two' })).affected,
        (await insertSetting(tx, { key: 'p1', value: 'again' })).affected,
      ])
    assert.deepEqual(affected, [1n, 1n, 0n])
    const { rows } = await settingsBetween(db, { from: 'p1', to: 'p2' })
    assert.deepEqual(rows, [
      { key: 'p1', value: "it's" },
      { key: 'p2', value: 'two' },
    ])
    assert.deepEqual((await settingsBetween(db, { from: 'p2', to: 'p2' })).rows.length, 1)
  })

  test('runs at once on two databases', async () => {
    const other = await openTestApp()
    try {
      await other.app.database.db
        .transaction()
        .execute((tx) => insertSetting(tx, { key: 'p1', value: 'other' }))
      const [mine, theirs] = await Promise.all(
        [subject, other].map((one) =>
          settingsBetween(one.app.database.db, { from: 'p1', to: 'p1' }),
        ),
      )
      assert.deepEqual([mine?.rows[0]?.value, theirs?.rows[0]?.value], ["it's", 'other'])
    } finally {
      await other.close()
    }
  })
})
