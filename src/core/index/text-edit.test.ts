import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from '#runtime/test.ts'
import { applyEdit, editBetween, undoEdit } from './text-edit.ts'

test('an appended line and a line that changed in place are small edits', () => {
  assert.deepEqual(editBetween('a\nb\n', 'a\nb\nc\n'), { start: 4, removed: '', added: 'c\n' })
  assert.deepEqual(editBetween('{"y":false}\nb\n', '{"y":true}\nb\n'), {
    start: 5,
    removed: 'fals',
    added: 'tru',
  })
  assert.deepEqual(editBetween('', 'abc'), { start: 0, removed: '', added: 'abc' })
  assert.deepEqual(editBetween('aa', 'aaa'), { start: 2, removed: '', added: 'a' })
})

test('an edit goes both ways, and never cuts a character in two', () => {
  const text = fc
    .array(fc.constantFrom('a', 'b', '\n', '😀', '😁', '🨀', 'é'))
    .map((all) => all.join(''))
  fc.assert(
    fc.property(text, text, (before, after) => {
      const edit = editBetween(before, after)
      assert.equal(applyEdit(before, edit), after)
      assert.equal(undoEdit(after, edit), before)
      assert.ok(edit.removed.isWellFormed() && edit.added.isWellFormed())
    }),
    { numRuns: 2_000 },
  )
})
