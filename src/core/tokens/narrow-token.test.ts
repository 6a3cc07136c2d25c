import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Actor, ANONYMOUS, SCOPES, systemActor } from '#core/access/actor.ts'
import { RegistryError } from '#core/errors.ts'
import { describe, test } from '#runtime/test.ts'
import { failsWith } from '#test/actors.ts'
import { narrowToken, type TokenLimits } from './narrow-token.ts'

const NOW = 1_000

const ids = fc.option(fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }), {
  nil: undefined,
})
const limits = fc.record(
  {
    scopes: fc.subarray([...SCOPES]),
    onlyNamespaces: ids,
    onlyPackages: ids,
    expiresAt: fc.option(fc.integer({ min: 990, max: 1_020 }), { nil: undefined }),
  },
  { requiredKeys: ['scopes'] },
)

describe('a token made with a token', () => {
  test('never exceeds it', () => {
    let made = 0
    fc.assert(
      fc.property(limits, limits, (own, wanted) => {
        const actor = holderOf(without(own))
        let child: TokenLimits
        try {
          child = narrowToken(actor, without(wanted), NOW)
        } catch (error) {
          assert.ok(error instanceof RegistryError, String(error))
          return
        }
        made++
        assert.ok(child.scopes.length > 0)
        assert.ok(child.scopes.every((scope) => actor.scopes.has(scope)))
        assertWithin(child.onlyNamespaces, actor.onlyNamespaces)
        assertWithin(child.onlyPackages, actor.onlyPackages)
        if (actor.expiresAt !== undefined) assert.ok((child.expiresAt ?? 1e9) <= actor.expiresAt)
      }),
      // The same every time: how many could be made is asserted below.
      { numRuns: 3000, seed: 1 },
    )
    assert.ok(made > 100, `only ${made} tokens were made`)
  })

  test('is as limited as it when nothing is asked', () => {
    const actor = holderOf({
      scopes: ['admin', 'read'],
      onlyNamespaces: [2, 1],
      onlyPackages: [3],
      expiresAt: 2_000,
    })
    assert.deepEqual(narrowToken(actor, { scopes: ['read'] }, NOW), {
      scopes: ['read'],
      onlyNamespaces: [1, 2],
      onlyPackages: [3],
      expiresAt: 2_000,
    })
  })

  test('is not made by a derived credential', () => {
    const derived = { ...systemActor('cli'), grants: new Map() }
    assert.throws(() => narrowToken(derived, { scopes: ['read'] }, NOW), failsWith('forbidden'))
  })

  const refused: Array<[TokenLimits, string]> = [
    [{ scopes: [] }, 'invalid_request'],
    [{ scopes: ['read'], onlyNamespaces: [] }, 'invalid_request'],
    [{ scopes: ['read'], onlyPackages: [1.5] }, 'invalid_request'],
    [{ scopes: ['read'], expiresAt: NOW }, 'invalid_request'],
    [{ scopes: ['read'], expiresAt: Number.NaN }, 'invalid_request'],
  ]
  for (const [wanted, code] of refused) {
    test(`${JSON.stringify(wanted)} is ${code} even to an operator`, () => {
      assert.throws(() => narrowToken(systemActor('cli'), wanted, NOW), failsWith(code))
    })
  }
})

function holderOf(own: TokenLimits): Actor {
  return {
    ...ANONYMOUS,
    kind: 'user',
    userId: 1,
    address: '',
    requestId: '',
    scopes: new Set(own.scopes),
    ...(own.onlyNamespaces && { onlyNamespaces: new Set(own.onlyNamespaces) }),
    ...(own.onlyPackages && { onlyPackages: new Set(own.onlyPackages) }),
    ...(own.expiresAt !== undefined && { expiresAt: own.expiresAt }),
  }
}

/** Properties that are undefined are left out, as exactOptionalPropertyTypes wants it. */
function without(raw: object): TokenLimits {
  const kept = Object.entries(raw).filter(([, value]) => value !== undefined)
  return Object.fromEntries(kept) as unknown as TokenLimits
}

function assertWithin(child: readonly number[] | undefined, own: ReadonlySet<number> | undefined) {
  if (!own) return
  assert.ok(child, 'the limit was lost')
  assert.ok(child.every((id) => own.has(id)))
}
