import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, test } from '#runtime/test.ts'
import { failsWith } from '#test/actors.ts'
import { parseUserName, readUserName } from './user-name.ts'

describe('user names', () => {
  const good: Array<[string, string, string]> = [
    ['ann', 'ann', 'ann'],
    ['Ann', 'ann', 'ann'],
    ['a.b_c-d', 'a.b_c-d', 'a.b-c-d'],
    ['0', '0', '0'],
    ['a'.repeat(64), 'a'.repeat(64), 'a'.repeat(64)],
  ]
  for (const [raw, name, key] of good) {
    test(`'${raw}' is ${name} with key ${key}`, () => {
      assert.deepEqual(parseUserName(raw), { name, key })
    })
  }

  const bad = [
    '',
    ' ',
    'a b',
    '-a',
    'a-',
    'a..b',
    'a--b',
    'a__b',
    'a+b',
    'a/b',
    'a\0',
    'ann\n',
    'ä',
    '\u212aim',
    '__token__',
    'a'.repeat(65),
    'admin',
    'Admin',
    'API',
    'opm',
    'v2',
    'anonymous',
    'system',
    'token',
    'root',
  ]
  for (const raw of bad) {
    test(`${JSON.stringify(raw)} is refused`, () => {
      assert.throws(() => parseUserName(raw), failsWith('name_invalid'))
    })
  }

  test('a name read again is itself, and its key has no upper case and no _', () => {
    const chars = fc.constantFrom(...'aZ09._-+ é\u212a')
    let read = 0
    fc.assert(
      fc.property(fc.string({ unit: chars, maxLength: 12 }), (raw) => {
        const parsed = readUserName(raw)
        if (!parsed) return
        read++
        assert.deepEqual(readUserName(parsed.name), parsed)
        assert.match(parsed.key, /^[a-z0-9.-]+$/)
        assert.equal(readUserName(parsed.key)?.key, parsed.key)
      }),
      { numRuns: 2000 },
    )
    assert.ok(read > 50, `only ${read} names were read`)
  })
})
