import assert from 'node:assert/strict'
import { test } from '#runtime/test.ts'
import { warningHeader } from './warning.ts'

const plain = { deprecation: null, yankedAt: null, yankReason: null }

test('no warning without a reason for one', () => {
  assert.deepEqual(warningHeader({ deprecation: null }, plain), {})
})

test('what people wrote cannot leave its quotes, nor the header its size', () => {
  const cases: ReadonlyArray<readonly [string, string]> = [
    ['use "b"', 'use \\"b\\"'],
    ['a\\', 'a\\\\'],
    ['ü 日本 😀', '? ?? ?'],
  ]
  for (const [message, text] of cases) {
    const { warning } = warningHeader({ deprecation: message }, plain)
    assert.equal(warning, `299 - "this repository is deprecated: ${text}"`)
    assert.equal(new Headers({ warning: warning ?? '' }).get('warning'), warning)
  }
  const worst = '"'.repeat(500)
  const all = { deprecation: worst, yankedAt: 1, yankReason: worst }
  const { warning = '' } = warningHeader({ deprecation: worst }, all)
  assert.ok(warning.length > 3000 && warning.length <= 4096, `${warning.length}`)
})
