import assert from 'node:assert/strict'
import { describe, test } from '#runtime/test.ts'
import { progressLine, startProgress } from './progress.ts'

describe('progress', () => {
  test('has a bar, a rate, and how long it will take', () => {
    assert.equal(
      progressLine('verifying', { done: 250, total: 1000, note: 'blobs' }, 10),
      `verifying  [######..................]  25%  250/1000  25/s  ETA 00:30  blobs`,
    )
    assert.match(progressLine('x', { done: 1, total: 7201 }, 1), /1\.0\/s {2}ETA 2:00:00$/)
  })

  test('has no ETA when nobody knows it', () => {
    assert.equal(progressLine('x', { done: 30 }, 2), 'x  30  15/s')
    assert.doesNotMatch(progressLine('x', { done: 0, total: 5 }, 0), /ETA|NaN|Infinity/)
    assert.doesNotMatch(progressLine('x', { done: 5, total: 5 }, 1), /ETA/)
    assert.match(progressLine('x', { done: 0, total: 0 }, 1), /100%/)
  })

  test('is written to a terminal only, cut to its width, and taken away', () => {
    const written: string[] = []
    const terminal = {
      columns: 20,
      write: (text: string | Uint8Array) => written.push(String(text)) > 0,
    }
    const silent = startProgress('work', { ...terminal, isTTY: false })
    silent.update({ done: 1, total: 2 })
    silent.clear()
    assert.deepEqual(written, [])
    const progress = startProgress('work', { ...terminal, isTTY: true })
    progress.update({ done: 1, total: 2 })
    progress.update({ done: 1, total: 2 })
    progress.clear()
    assert.deepEqual(written, ['\r\x1b[Kwork  [############', '\r\x1b[K'])
  })
})
