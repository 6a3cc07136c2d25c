import assert from 'node:assert/strict'
import { describe, test } from '#runtime/test.ts'
import { readRefQuestion, refLines } from './git-refs.ts'

describe('what a client asks about refs', () => {
  const refs = Array.from({ length: 2_000 }, (_, patch) => ({
    name: `refs/tags/1.0.${patch}`,
    object: 'a'.repeat(40),
  }))
  const served = { name: 'gren/1/1-0', head: 'refs/heads/main', refs }

  test('prefixes choose', () => {
    const lines = refLines(served, readRefQuestion(['ref-prefix refs/tags/1.0.7']))
    // 7, 70 to 79, 700 to 799.
    assert.equal(lines.match(/refs\/tags/g)?.length, 111)
  })

  test('half a million prefixes, in one request, are not compared with every ref', () => {
    const question = readRefQuestion(Array.from({ length: 500_000 }, () => 'ref-prefix x'))
    assert.deepEqual(question.prefixes, [])
    assert.equal(refLines(served, question).match(/refs\/tags/g)?.length, 2_000)
  })
})
