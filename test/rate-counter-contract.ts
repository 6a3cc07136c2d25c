import assert from 'node:assert/strict'
import type { RateCounter } from '#core/limits/rate-counter.ts'
import { after, before, describe, test } from '#runtime/test.ts'

/** Two openings of the same counts, as two processes have them; `close` throws both away. */
export interface OpenedRateCounters {
  readonly counter: RateCounter
  readonly twin: RateCounter
  close(): Promise<void>
}

type Check = (
  title: string,
  body: (counter: RateCounter, twin: RateCounter) => Promise<void>,
) => void

const AT = new Date('2026-01-01T00:00:30.500Z')
const RESET = new Date('2026-01-01T00:01:00Z')

/** What every rate counter must do. */
export function rateCounterContract(
  name: string,
  open: () => Promise<OpenedRateCounters>,
  skip?: string,
): void {
  describe(`rate counter: ${name}`, () => {
    let opened: OpenedRateCounters | undefined
    before(async () => {
      if (skip === undefined) opened = await open()
    })
    after(() => opened?.close())

    const check: Check = (title, body) =>
      test(title, { skip }, async () => {
        assert.ok(opened)
        await body(opened.counter, opened.twin)
      })
    testCounting(check)
    testSharing(check)
  })
}

function testCounting(check: Check): void {
  check('the first use by two processes at once works', async (counter, twin) => {
    const at = new Date('2025-01-01T00:00:00Z')
    const both = await Promise.all([counter, twin].map((each) => each.add('first', 60, 1, at)))
    assert.deepEqual(both.map(({ count }) => count).sort(), [1, 2])
  })

  check('counts per key and window', async (counter, twin) => {
    assert.deepEqual(await counter.add('a', 60, 1, AT), { count: 1, resetAt: RESET })
    assert.deepEqual(await twin.add('a', 60, 5, AT), { count: 6, resetAt: RESET })
    assert.deepEqual(await counter.add('b', 60, 1, AT), { count: 1, resetAt: RESET })
    assert.deepEqual(await counter.add('a', 3600, 1, AT), {
      count: 1,
      resetAt: new Date('2026-01-01T01:00:00Z'),
    })
  })

  check('a cost of 0 only looks', async (counter, twin) => {
    assert.deepEqual(await counter.add('look', 60, 0, AT), { count: 0, resetAt: RESET })
    await counter.add('look', 60, 2, AT)
    assert.equal((await twin.add('look', 60, 0, AT)).count, 2)
    assert.equal((await twin.add('look', 60, 0, AT)).count, 2)
  })

  check('a new window starts at nothing, to the millisecond', async (counter) => {
    const last = new Date(RESET.getTime() - 1)
    await counter.add('roll', 60, 3, AT)
    assert.equal((await counter.add('roll', 60, 1, last)).count, 4)
    assert.deepEqual(await counter.add('roll', 60, 1, RESET), {
      count: 1,
      resetAt: new Date('2026-01-01T00:02:00Z'),
    })
    assert.equal((await counter.add('roll', 60, 1, last)).count, 5)
  })

  check('windows of two lengths that begin or end together are apart', async (counter) => {
    const midnight = new Date('2026-01-02T00:00:00Z')
    await counter.add('both', 60, 4, midnight)
    assert.equal((await counter.add('both', 3600, 1, midnight)).count, 1)
    const beforeEnd = new Date('2026-01-02T00:59:59Z')
    await counter.add('both', 60, 9, beforeEnd)
    assert.equal((await counter.add('both', 3600, 1, beforeEnd)).count, 2)
  })
}

function testSharing(check: Check): void {
  check('every one of many at once gets its own count', async (counter, twin) => {
    const counts = await Promise.all(
      Array.from({ length: 400 }, (_, i) => (i % 2 ? counter : twin).add('storm', 60, 1, AT)),
    )
    const seen = counts.map(({ count }) => count).sort((a, b) => a - b)
    assert.deepEqual(
      seen,
      Array.from({ length: 400 }, (_, i) => i + 1),
    )
  })

  check('any text is a key', async (counter) => {
    for (const key of ['', "o'clock; --", 'ключ', '::1', 'x'.repeat(2000)]) {
      assert.equal((await counter.add(key, 60, 1, AT)).count, 1)
      assert.equal((await counter.add(key, 60, 1, AT)).count, 2)
    }
  })

  check('prune forgets windows that ended, and no others', async (counter, twin) => {
    await counter.add('old', 60, 1, AT)
    await counter.add('old', 3600, 1, AT)
    await counter.add('old', 60, 1, RESET)
    await twin.prune(RESET)
    assert.equal((await counter.add('old', 60, 0, AT)).count, 0)
    assert.equal((await counter.add('old', 3600, 0, AT)).count, 1)
    assert.equal((await counter.add('old', 60, 0, RESET)).count, 1)
  })
}
