import assert from 'node:assert/strict'
import { describe, test } from '#runtime/test.ts'
import { failsWith } from '#test/actors.ts'
import { MAX_PAGE_LIMIT, pageLimit, parsePageRequest, toPage } from './page.ts'

describe('pages', () => {
  test('are asked for by limit and after', () => {
    assert.deepEqual(parsePageRequest({}), {})
    assert.deepEqual(parsePageRequest({ limit: '7', after: 'x' }), { limit: 7, after: 'x' })
    assert.equal(pageLimit({}), 50)
    assert.equal(pageLimit({ limit: 1_000_000 }), MAX_PAGE_LIMIT)
  })

  for (const limit of ['', '0', '-1', '1.5', '1e3', 'x', ' 1', '9'.repeat(30)]) {
    test(`limit '${limit}' is refused`, () => {
      assert.throws(() => parsePageRequest({ limit }), failsWith('invalid_request'))
    })
  }
  for (const after of ['\0', 'a\n', '\ud800', 'x'.repeat(513)]) {
    test(`after ${JSON.stringify(after).slice(0, 20)} is refused`, () => {
      assert.throws(() => parsePageRequest({ after }), failsWith('invalid_request'))
    })
  }

  test('say what follows only when something does', () => {
    const view = { item: (row: number) => row * 10, cursor: (row: number) => row }
    assert.deepEqual(toPage([1, 2, 3], { limit: 2 }, view), { items: [10, 20], next: '2' })
    assert.deepEqual(toPage([1, 2], { limit: 2 }, view), { items: [10, 20] })
    assert.deepEqual(toPage([], { limit: 2 }, view), { items: [] })
  })
})
