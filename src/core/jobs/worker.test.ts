import assert from 'node:assert/strict'
import type { App } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import { after, afterEach, before, describe, test } from '#runtime/test.ts'
import { openTestApp, type TestApp } from '#test/app.ts'
import { enqueue, type NewJob } from './enqueue.ts'
import type { JobHandler, Schedule } from './job.ts'
import { leaseDueJob } from './lease.ts'
import { startWorker, type Worker } from './worker.ts'

describe('worker', () => {
  let world: TestApp
  let app: App
  let twin: App
  const workers: Worker[] = []

  before(async () => {
    world = await openTestApp()
    app = world.app
    twin = await world.openTwin()
  })
  afterEach(async () => {
    for (const worker of workers.splice(0)) await worker.stop()
    await change(app, async (tx) => {
      await tx.deleteFrom('jobs').execute()
      await tx.deleteFrom('schedules').execute()
    })
  })
  after(() => world.close())

  function start(handlers: JobHandler[], schedules: Schedule[] = [], on = app): Worker {
    const worker = startWorker(on, handlers, schedules, { pollMs: 20 })
    workers.push(worker)
    return worker
  }
  const add = (job: NewJob, on = app) => change(on, (tx) => enqueue(on, tx, job))
  const jobs = () => app.database.db.selectFrom('jobs').selectAll().orderBy('id').execute()

  test('runs what was enqueued, with its payload, and forgets it', async () => {
    const seen: unknown[] = []
    const worker = start([{ kind: 'say', run: async (_app, payload) => void seen.push(payload) }])
    await add({ kind: 'say', payload: { words: ['a', 1] } })
    await add({ kind: 'other', payload: {} })
    await worker.idle()
    assert.deepEqual(seen, [{ words: ['a', 1] }])
    assert.deepEqual(
      (await jobs()).map((job) => [job.kind, job.state]),
      [['other', 'waiting']],
    )
  })

  test('enqueueing wakes the worker of this process long before its poll', async () => {
    let done: () => void = () => {}
    const ran = new Promise<void>((resolve) => {
      done = resolve
    })
    const worker = startWorker(app, [{ kind: 'now', run: async () => done() }], [], {
      pollMs: 3_600_000,
    })
    workers.push(worker)
    await worker.idle()
    await add({ kind: 'now', payload: {} })
    await ran
    await worker.idle()
    assert.equal((await jobs()).length, 0)
  })

  test('nothing is enqueued by a change that fails', async () => {
    await assert.rejects(
      change(app, async (tx) => {
        await enqueue(app, tx, { kind: 'say', payload: {} })
        throw new Error('no')
      }),
      /no/,
    )
    assert.equal((await jobs()).length, 0)
  })

  test('one job waits per kind and key; without a key any number', async () => {
    await Promise.all([
      ...[1, 2, 3].map((n) => add({ kind: 'a', key: 'k', payload: n })),
      ...[4, 5].map((n) => add({ kind: 'a', key: 'k', payload: n }, twin)),
      add({ kind: 'a', key: 'other', payload: 6 }),
      add({ kind: 'b', key: 'k', payload: 7 }),
      add({ kind: 'a', payload: 8 }),
      add({ kind: 'a', payload: 9 }),
    ])
    const keys = (await jobs()).map((job) => `${job.kind} ${job.key}`).sort()
    assert.deepEqual(keys, ['a ', 'a ', 'a k', 'a other', 'b k'])
  })

  test('not before its time', async () => {
    let runs = 0
    const worker = start([{ kind: 'later', run: async () => void runs++ }])
    const runAt = new Date(app.clock().getTime() + 60_000)
    await add({ kind: 'later', payload: {}, runAt })
    await worker.idle()
    assert.equal(runs, 0)
    world.clock.advance(59)
    await worker.idle()
    assert.equal(runs, 0)
    world.clock.advance(1)
    await worker.idle()
    assert.equal(runs, 1)
  })

  test('a failure is retried with growing delays, then the job is dead with its last error', async () => {
    let runs = 0
    const worker = start([
      {
        kind: 'fail',
        maxAttempts: 3,
        async run() {
          throw new Error(`failure ${++runs} at https://me:secret@host/`)
        },
      },
    ])
    await add({ kind: 'fail', payload: {} })
    for (const full of [5_000, 10_000]) {
      const attempts = runs + 1
      await worker.idle()
      const [job] = await jobs()
      assert.equal(runs, attempts)
      assert.equal(job?.state, 'waiting')
      assert.equal(job.attempts, attempts)
      assert.equal(job.leaseOwner, null)
      const delay = job.runAt - app.clock().getTime()
      assert.ok(delay >= full / 2 && delay <= full, `${delay} of ${full}`)
      world.clock.advance(full / 2_000 - 0.1)
      await worker.idle()
      assert.equal(runs, attempts)
      world.clock.advance(full / 2_000 + 0.1)
    }
    await worker.idle()
    world.clock.advance(100_000)
    await worker.idle()
    assert.equal(runs, 3)
    const [job] = await jobs()
    assert.equal(job?.state, 'dead')
    assert.equal(job.lastError, 'Error: failure 3 at https://***@host/')
  })

  test('a runner that dies: after its lease another runs the job, and the dead one changes nothing', async () => {
    let die: () => void = () => {}
    const zombie = new Promise<void>((resolve) => {
      die = resolve
    })
    let starts = 0
    const zombieRun = () => {
      starts++
      return zombie
    }
    const dying = start([{ kind: 'work', leaseSeconds: 30, run: zombieRun }], [], twin)
    await add({ kind: 'work', payload: {} })
    dying.wake()
    while (starts === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    let fail = true
    const attempts: number[] = []
    const heir = start([
      {
        kind: 'work',
        leaseSeconds: 30,
        async run() {
          attempts.push((await jobs())[0]?.attempts ?? 0)
          if (fail) throw new Error('not yet')
        },
      },
    ])
    world.clock.advance(29)
    await heir.idle()
    assert.deepEqual(attempts, [])
    world.clock.advance(1)
    await heir.idle()
    assert.deepEqual(attempts, [2])
    die()
    await dying.stop()
    assert.equal((await jobs())[0]?.state, 'waiting', 'the dead one did not complete it')
    fail = false
    world.clock.advance(20)
    await heir.idle()
    assert.deepEqual(attempts, [2, 3])
    assert.equal((await jobs()).length, 0)
  })

  test('a job that takes its process down every time is dead in the end', async () => {
    let runs = 0
    const handler: JobHandler = {
      kind: 'crash',
      maxAttempts: 2,
      leaseSeconds: 30,
      run: async () => void runs++,
    }
    await add({ kind: 'crash', payload: {} })
    for (let crash = 0; crash < 2; crash++) {
      assert.ok(await leaseDueJob(twin, new Map([['crash', handler]])))
      world.clock.advance(30)
    }
    await start([handler]).idle()
    const [job] = await jobs()
    assert.equal(runs, 0)
    assert.equal(job?.state, 'dead')
    assert.equal(job.lastError, 'the process died while it ran')
  })

  test('a long run keeps its lease', async () => {
    let stolen = 0
    let wasAborted: boolean | undefined
    const worker = start([
      {
        kind: 'long',
        leaseSeconds: 30,
        async run(_app, _payload, { extendLease, signal }) {
          const thief = { kind: 'long', leaseSeconds: 30, run: async () => void stolen++ }
          const rival = start([thief], [], twin)
          for (let step = 0; step < 5; step++) {
            world.clock.advance(20)
            await extendLease()
            await rival.idle()
          }
          wasAborted = signal.aborted
        },
      },
    ])
    await add({ kind: 'long', payload: {} })
    await worker.idle()
    assert.equal(stolen, 0)
    assert.equal(wasAborted, false)
    assert.equal((await jobs()).length, 0)
  })

  test('the lease is renewed by itself, and losing it aborts the run', async () => {
    let reason: unknown
    const worker = start([
      {
        kind: 'stolen',
        leaseSeconds: 0.15,
        async run(_app, _payload, { signal }) {
          const before = (await jobs())[0]?.leaseUntil ?? 0
          world.clock.advance(0.1)
          while ((await jobs())[0]?.leaseUntil === before)
            await new Promise((r) => setTimeout(r, 5))
          await change(app, (tx) => tx.updateTable('jobs').set({ leaseOwner: 'thief' }).execute())
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
          reason = signal.reason
          throw reason
        },
      },
    ])
    await add({ kind: 'stolen', payload: {} })
    await worker.idle()
    assert.match(String(reason), /the lease of job \d+ is lost/)
    assert.equal((await jobs())[0]?.leaseOwner, 'thief')
  })

  test('two processes: every job once, no more than two at a time each', async () => {
    const runs = new Map<unknown, number>()
    const peaks = [0, 0]
    const handlerOf = (index: 0 | 1): JobHandler => {
      let running = 0
      return {
        kind: 'many',
        async run(_app, payload) {
          running++
          peaks[index] = Math.max(peaks[index] ?? 0, running)
          runs.set(payload, (runs.get(payload) ?? 0) + 1)
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 4))
          running--
        },
      }
    }
    await change(app, async (tx) => {
      for (let n = 0; n < 200; n++) await enqueue(app, tx, { kind: 'many', payload: n })
    })
    const both = [start([handlerOf(0)]), start([handlerOf(1)], [], twin)]
    while ((await jobs()).length > 0) await Promise.all(both.map((worker) => worker.idle()))
    assert.equal(runs.size, 200)
    assert.ok([...runs.values()].every((count) => count === 1))
    assert.ok(
      peaks.every((peak) => peak >= 1 && peak <= 2),
      String(peaks),
    )
  })

  test('two processes: jobs of one key follow each other, also while more are enqueued', async () => {
    let running = 0
    let runs = 0
    const handler: JobHandler = {
      kind: 'keyed',
      async run() {
        assert.equal(++running, 1)
        runs++
        await new Promise((resolve) => setTimeout(resolve, 3))
        running--
      },
    }
    const both = [start([handler]), start([handler], [], twin)]
    for (let n = 0; n < 40; n++) {
      await add({ kind: 'keyed', key: 'x', payload: n }, n % 2 === 0 ? app : twin)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    while ((await jobs()).length > 0) await Promise.all(both.map((worker) => worker.idle()))
    assert.ok(runs > 1, `${runs} runs`)
  })

  test('a failed run makes way for a job of the same key that came meanwhile', async () => {
    const seen: unknown[] = []
    const worker = start([
      {
        kind: 'index',
        async run(_app, payload) {
          seen.push(payload)
          if (payload === 'new') return
          await add({ kind: 'index', key: 'x', payload: 'new' })
          throw new Error('no')
        },
      },
    ])
    await add({ kind: 'index', key: 'x', payload: 'old' })
    await worker.idle()
    assert.deepEqual(seen, ['old', 'new'])
    assert.equal((await jobs()).length, 0)
  })

  test('stopping gives running jobs back without counting against them', async () => {
    let isRunning = false
    const worker = start([
      {
        kind: 'slow',
        run: (_app, _payload, { signal }) =>
          new Promise((_resolve, reject) => {
            isRunning = true
            signal.addEventListener('abort', () => reject(signal.reason))
          }),
      },
    ])
    await add({ kind: 'slow', payload: {} })
    while (!isRunning) await new Promise((resolve) => setTimeout(resolve, 5))
    await worker.stop()
    const [job] = await jobs()
    assert.equal(job?.state, 'waiting')
    assert.equal(job.attempts, 0)
    assert.equal(job.leaseOwner, null)
    await add({ kind: 'slow', payload: {} })
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.equal((await jobs()).filter((each) => each.state === 'waiting').length, 2)
  })

  test('polling writes nothing while nothing is due', async () => {
    await add({ kind: 'later', payload: {}, runAt: new Date(app.clock().getTime() + 1000) })
    const handler = { kind: 'later', run: async () => {} }
    const worker = start([handler], [{ kind: 'later', everySeconds: 3600 }])
    await worker.idle()
    let transactions = 0
    const { transaction } = app.database.db
    const { db } = app.database
    db.transaction = function counted() {
      transactions++
      return transaction.call(this)
    }
    try {
      await worker.idle()
      await new Promise((resolve) => setTimeout(resolve, 100))
      assert.equal(transactions, 0)
    } finally {
      db.transaction = transaction
    }
  })

  test('schedules: once per interval however many processes, keeping the rhythm', async () => {
    const runs: number[] = []
    const handler: JobHandler = {
      kind: 'tick',
      run: async () => void runs.push(app.clock().getTime()),
    }
    const schedule = { kind: 'tick', everySeconds: 600 }
    const origin = app.clock().getTime()
    const both = [start([handler], [schedule]), start([handler], [schedule], twin)]
    const settle = async () => {
      for (let round = 0; round < 3; round++) await Promise.all(both.map((each) => each.idle()))
    }
    await settle()
    assert.deepEqual(runs, [])
    for (const seconds of [600, 599, 1, 1900, 499, 1]) {
      world.clock.advance(seconds)
      await settle()
    }
    assert.deepEqual(
      runs.map((at) => (at - origin) / 1000),
      [600, 1200, 3100, 3600],
    )
  })

  test('schedules: another interval counts from when it is declared', async () => {
    let runs = 0
    const handler = { kind: 'tick', run: async () => void runs++ }
    const first = start([handler], [{ kind: 'tick', everySeconds: 86_400 }])
    await first.idle()
    await first.stop()
    const second = start([handler], [{ kind: 'tick', everySeconds: 60 }])
    await second.idle()
    world.clock.advance(60)
    await second.idle()
    assert.equal(runs, 1)
  })
})
