import assert from 'node:assert/strict'
import { ANONYMOUS } from '#core/access/actor.ts'
import { change } from '#core/db/change.ts'
import { after, before, beforeEach, describe, test } from '#runtime/test.ts'
import { openTestApp, operator, type TestApp } from '#test/app.ts'
import { discardJob } from './discard-job.ts'
import { enqueue } from './enqueue.ts'
import { jobCounts } from './job-counts.ts'
import { listJobs } from './list-jobs.ts'
import { retryJob } from './retry-job.ts'
import { startWorker } from './worker.ts'

describe('operating jobs', () => {
  let world: TestApp
  before(async () => {
    world = await openTestApp()
  })
  beforeEach(async () => {
    await change(world.app, async (tx) => {
      await tx.deleteFrom('jobs').execute()
      await tx.deleteFrom('audit').execute()
    })
  })
  after(() => world.close())

  const stranger = { ...ANONYMOUS, address: '', requestId: '' }
  const db = () => world.app.database.db
  const audited = () => db().selectFrom('audit').select(['actor', 'action', 'subject']).execute()

  async function addJob(key: string, state: 'waiting' | 'running' | 'dead'): Promise<number> {
    return await change(world.app, async (tx) => {
      const { id } = await tx
        .insertInto('jobs')
        .values({
          kind: 'k',
          key,
          payload: '{"a":1}',
          state,
          runAt: 1,
          attempts: 4,
          leaseOwner: null,
          leaseUntil: null,
          lastError: 'Error: no',
          createdAt: 0,
        })
        .returning('id')
        .executeTakeFirstOrThrow()
      return id
    })
  }

  test('lists pages, by state when asked, for operators only', async () => {
    const ids = [
      await addJob('a', 'dead'),
      await addJob('b', 'waiting'),
      await addJob('c', 'dead'),
      await addJob('d', 'dead'),
    ]
    const all = await listJobs(world.app, operator)
    assert.deepEqual(
      all.items.map((job) => job.id),
      ids,
    )
    assert.deepEqual(all.items[0], {
      id: ids[0],
      kind: 'k',
      key: 'a',
      state: 'dead',
      payload: { a: 1 },
      attempts: 4,
      runAt: new Date(1),
      lastError: 'Error: no',
      createdAt: new Date(0),
    })
    const first = await listJobs(world.app, operator, { state: 'dead', limit: 2 })
    assert.deepEqual(
      first.items.map((job) => job.key),
      ['a', 'c'],
    )
    assert.ok(first.next)
    const second = await listJobs(world.app, operator, {
      state: 'dead',
      limit: 2,
      after: first.next,
    })
    assert.deepEqual(
      second.items.map((job) => job.key),
      ['d'],
    )
    assert.equal(second.next, undefined)
    await assert.rejects(listJobs(world.app, stranger), { code: 'unauthenticated' })
  })

  test('counts by kind and state', async () => {
    await addJob('a', 'dead')
    await addJob('b', 'dead')
    await addJob('c', 'waiting')
    assert.deepEqual(await jobCounts(world.app), [
      { kind: 'k', state: 'dead', count: 2 },
      { kind: 'k', state: 'waiting', count: 1 },
    ])
  })

  test('a dead job retried runs again, audited', async () => {
    const id = await addJob('a', 'dead')
    let runs = 0
    const handler = { kind: 'k', run: async () => void runs++ }
    const worker = startWorker(world.app, [handler], [], { pollMs: 3_600_000 })
    try {
      await worker.idle()
      assert.equal(runs, 0)
      await retryJob(world.app, operator, id)
      await worker.idle()
      assert.equal(runs, 1)
    } finally {
      await worker.stop()
    }
    assert.deepEqual(await audited(), [
      { actor: 'system:cli', action: 'job.retry', subject: `job:${id}` },
    ])
  })

  test('a dead job whose key already waits is replaced by that one', async () => {
    const id = await addJob('a', 'dead')
    await change(world.app, (tx) => enqueue(world.app, tx, { kind: 'k', key: 'a', payload: 2 }))
    await retryJob(world.app, operator, id)
    const { items } = await listJobs(world.app, operator)
    assert.deepEqual(
      items.map((job) => [job.state, job.payload]),
      [['waiting', 2]],
    )
  })

  test('discards what does not run, audited', async () => {
    for (const state of ['dead', 'waiting'] as const) {
      await discardJob(world.app, operator, await addJob('a', state))
    }
    assert.deepEqual((await listJobs(world.app, operator)).items, [])
    assert.deepEqual(
      (await audited()).map((line) => line.action),
      ['job.discard', 'job.discard'],
    )
  })

  test('refuses: unknown, not dead, running, not an operator', async () => {
    const waiting = await addJob('a', 'waiting')
    const running = await addJob('b', 'running')
    await assert.rejects(retryJob(world.app, operator, 1e9), { code: 'job_unknown' })
    await assert.rejects(discardJob(world.app, operator, 1e9), { code: 'job_unknown' })
    await assert.rejects(retryJob(world.app, operator, waiting), { code: 'conflict' })
    await assert.rejects(retryJob(world.app, operator, running), { code: 'conflict' })
    await assert.rejects(discardJob(world.app, operator, running), { code: 'conflict' })
    await assert.rejects(retryJob(world.app, stranger, waiting), { code: 'unauthenticated' })
    await assert.rejects(discardJob(world.app, stranger, waiting), { code: 'unauthenticated' })
    assert.deepEqual(await audited(), [])
  })
})
