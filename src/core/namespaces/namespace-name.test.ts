import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, test } from '#runtime/test.ts'
import { failsWith } from '#test/actors.ts'
import { parseNamespaceName, readNamespaceName } from './namespace-name.ts'

/** A path part by the letter of the OCI distribution specification. */
const OCI_PATH_PART = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$/

describe('namespace names', () => {
  const good: Array<[string, string, string]> = [
    ['acme', 'acme', 'acme'],
    ['Acme', 'acme', 'acme'],
    ['a__b', 'a__b', 'a--b'],
    ['a---b', 'a---b', 'a---b'],
    ['a.b_c', 'a.b_c', 'a.b-c'],
    ['library', 'library', 'library'],
    ['a'.repeat(128), 'a'.repeat(128), 'a'.repeat(128)],
  ]
  for (const [raw, name, key] of good) {
    test(`'${raw}' is ${name} with key ${key}`, () => {
      assert.deepEqual(parseNamespaceName(raw), { name, key })
    })
  }

  const bad = ['', '.', 'a.', '_a', 'a___b', 'a..b', 'a._b', 'a/b', 'a b', 'a\n', '\u212aim', 'é']
  for (const raw of [...bad, 'a'.repeat(129), 'api', 'OPM', 'v2', 'oci', 'admin', 'healthz']) {
    test(`${JSON.stringify(raw)} is refused`, () => {
      assert.throws(() => parseNamespaceName(raw), failsWith('name_invalid'))
    })
  }

  test('are exactly the path parts of OCI, in any case', () => {
    const chars = fc.constantFrom(...'aZ0._-/ \u212a')
    let read = 0
    fc.assert(
      fc.property(fc.string({ unit: chars, minLength: 1, maxLength: 12 }), (raw) => {
        const parsed = readNamespaceName(raw)
        const isPart = /^[\0-\x7f]*$/.test(raw) && OCI_PATH_PART.test(raw.toLowerCase())
        assert.equal(parsed !== undefined, isPart)
        if (!parsed) return
        read++
        assert.deepEqual(readNamespaceName(parsed.name), parsed)
      }),
      { numRuns: 3000 },
    )
    assert.ok(read > 50, `only ${read} names were read`)
  })
})
