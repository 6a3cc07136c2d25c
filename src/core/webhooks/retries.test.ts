import assert from 'node:assert/strict'
import { test } from '#runtime/test.ts'
import { MAX_TRIES, retryAfterMs, retryDelayMs } from './retries.ts'

test('eight tries within a day, each wait longer than the one before', () => {
  const delays = Array.from({ length: MAX_TRIES - 1 }, (_, at) => retryDelayMs(at + 1, 1))
  assert.equal(MAX_TRIES, 8)
  assert.deepEqual(
    delays,
    delays.toSorted((a, b) => a - b),
  )
  const hours = delays.reduce((sum, ms) => sum + ms, 0) / 3_600_000
  assert.ok(hours > 12 && hours < 27, `${hours} hours`)
  assert.ok(retryDelayMs(1, 0) < retryDelayMs(1, 1))
  assert.equal(retryDelayMs(99, 0), retryDelayMs(7, 0))
})

test('what a target asks for, within reason', () => {
  const at = Date.parse('2026-01-01T00:00:00Z')
  const cases: ReadonlyArray<[string | undefined, number]> = [
    [undefined, 0],
    ['', 0],
    ['120', 120_000],
    ['0', 0],
    ['-5', 0],
    ['soon', 0],
    ['999999999', 8 * 3_600_000],
    ['Thu, 01 Jan 2026 00:10:00 GMT', 600_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
  ]
  for (const [header, ms] of cases) assert.equal(retryAfterMs(header, at), ms, String(header))
})
