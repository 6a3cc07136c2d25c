import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, test } from '#runtime/test.ts'
import { generateSecret, hashSecret, isWellFormed } from './secret.ts'

describe('secrets', () => {
  test('are prefixed, checksummed and never the same', () => {
    const secrets = Array.from({ length: 200 }, generateSecret)
    assert.equal(new Set(secrets).size, 200)
    for (const secret of secrets) {
      assert.match(secret, /^ent_[0-9A-Za-z]{46}$/)
      assert.ok(isWellFormed(secret))
    }
  })

  test('with any one character changed are not well-formed', () => {
    const secret = generateSecret()
    for (let i = 0; i < secret.length; i++) {
      const other = secret[i] === 'x' ? 'y' : 'x'
      assert.ok(!isWellFormed(`${secret.slice(0, i)}${other}${secret.slice(i + 1)}`), `at ${i}`)
    }
    assert.ok(!isWellFormed(`${secret}\n`))
    assert.ok(!isWellFormed(` ${secret}`))
  })

  test('are not what anybody types', () => {
    fc.assert(
      fc.property(fc.string(), (text) => !isWellFormed(text) && !isWellFormed(`ent_${text}`)),
    )
  })

  test('are stored as SHA-256', () => {
    assert.equal(
      hashSecret('abc'),
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
  })

  test('given out once are recognised by every later version', () => {
    assert.ok(isWellFormed(`ent_${'0'.repeat(40)}2kaqcA`))
    assert.ok(!isWellFormed(`ent_${'0'.repeat(40)}2kaqcB`))
  })
})
