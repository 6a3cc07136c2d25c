import assert from 'node:assert/strict'
import { test } from '#runtime/test.ts'
import { Turns } from './turns.ts'

test('never more than so many at once, in their order, whoever fails', async () => {
  const turns = new Turns(2)
  const begun: number[] = []
  let atOnce = 0
  let most = 0
  const work = (at: number) =>
    turns.take(async () => {
      begun.push(at)
      most = Math.max(most, ++atOnce)
      await new Promise((resolve) => setImmediate(resolve))
      atOnce--
      if (at % 3 === 0) throw new Error(`${at} fails`)
      return at
    })
  const numbers = Array.from({ length: 20 }, (_, at) => at)
  const outcomes = await Promise.allSettled(numbers.map(work))
  assert.equal(most, 2)
  assert.deepEqual(begun, numbers)
  assert.equal(outcomes.filter(({ status }) => status === 'rejected').length, 7)
  assert.equal(await work(1), 1)
})
