import assert from 'node:assert/strict'
import { describe, test } from '#runtime/test.ts'
import { formatTable } from './table.ts'

const COLUMNS = {
  name: (item: { name: string; size?: number }) => item.name,
  size: (item: { name: string; size?: number }) => item.size,
  end: () => 'x',
}

describe('a table', () => {
  const items = [{ name: 'a', size: 100 }, { name: 'longer' }]

  test('is aligned, with headings, for people', () => {
    assert.equal(
      formatTable(items, COLUMNS, true),
      'NAME    SIZE  END\na       100   x\nlonger  -     x\n',
    )
  })

  test('is only values with tabs for programs', () => {
    assert.equal(formatTable(items, COLUMNS, false), 'a\t100\tx\nlonger\t-\tx\n')
  })

  test('without items is nothing', () => {
    assert.equal(formatTable([], COLUMNS, true), '')
    assert.equal(formatTable([], COLUMNS, false), '')
  })

  test('what somebody named cannot move the cursor nor add a column or line', () => {
    const [line = '', ...rest] = formatTable(
      [{ name: 'a\tb\nc\u001b[2Jd\u202ee' }],
      COLUMNS,
      false,
    ).split('\n')
    assert.equal(line, 'a b c [2Jd e\t-\tx')
    assert.deepEqual(rest, [''])
  })
})
