import assert from 'node:assert/strict'
import { test } from '#runtime/test.ts'
import { commitCommands, isRefWord } from './fast-import.ts'

const commit = (ref: string, path: string) =>
  [...commitCommands({ ref, message: 'é', at: 5, files: [{ path, content: 'ü' }] })]
    .map((part) => (typeof part === 'string' ? part : Buffer.from(part).toString()))
    .join('')

test('a commit counts bytes, not characters', () => {
  assert.equal(
    commit('refs/tags/1.0.0', 'src/A.gren'),
    [
      'commit refs/tags/1.0.0',
      'committer Entrepot <registry@entrepot.invalid> 5 +0000',
      'data 2',
      'é',
      'M 100644 inline src/A.gren',
      'data 2',
      'ü',
      '',
      '',
    ].join('\n'),
  )
})

test('paths and refs that a checkout or git could misread are refused', () => {
  const bad = ['', '/a', 'a/', 'a//b', '.', '..', 'a/../b', '.git/config', 'a/.git', '"a"', 'a b']
  for (const path of [...bad, 'a\nb', 'a\\b', 'a\0b', 'é', 'a'.repeat(1001)]) {
    assert.throws(() => commit('refs/tags/1.0.0', path), /not a path/, path)
  }
  for (const ref of [
    'HEAD',
    'refs/x',
    'refs/tags/',
    'refs/tags/a..b',
    'refs/tags/a\nb',
    'tags/a',
  ]) {
    assert.throws(() => commit(ref, 'a'), /not a ref/, ref)
  }
  assert.deepEqual(['1.0.0', '1.0.0-a+b', '.a', 'a.lock', 'a.', '-a', ''].map(isRefWord), [
    true,
    true,
    false,
    false,
    false,
    false,
    false,
  ])
})
