import assert from 'node:assert/strict'
import fc from 'fast-check'
import { RegistryError } from '#core/errors.ts'
import { describe, test } from '#runtime/test.ts'
import { licenseIds } from './licenses.ts'
import { docComment, headerName, isKernelModule, isModuleName } from './modules.ts'
import { foldName, formatName, parseName } from './name.ts'
import { compatibleRange, formatRange, isInRange, parseRange } from './range.ts'
import {
  compareVersions,
  formatVersion,
  isVersion,
  parseVersion,
  reachableVersions,
} from './version.ts'

const part = fc.integer({ min: 0, max: 2 ** 31 - 1 })
const small = fc.integer({ min: 0, max: 3 })
const version = fc.tuple(part, part, part).map(formatVersion)

describe('gren names', () => {
  test('what a name is', () => {
    for (const good of [
      'acme/base',
      'gren-lang/core',
      'MaybeJustJames/yaml',
      '0x/a',
      'a/a1-b2',
      `${'a'.repeat(39)}/${'b'.repeat(255)}`,
    ]) {
      const { namespace, name, key } = parseName(good)
      assert.deepEqual([`${namespace}/${name}`, key], [good, name])
      assert.equal(formatName({ namespace, name }), `${namespace.toLowerCase()}/${name}`)
    }
    for (const bad of [
      '',
      'acme',
      '/base',
      'acme/',
      'acme/base/more',
      '-acme/base',
      'acme-/base',
      'ac--me/base',
      'ac_me/base',
      'ac.me/base',
      'äcme/base',
      'acme/Base',
      'acme/1base',
      'acme/-base',
      'acme/base-',
      'acme/ba--se',
      'acme/ba_se',
      'acme/base\n',
      'acme/base\0',
      '../..',
      `${'a'.repeat(40)}/b`,
      `a/${'b'.repeat(256)}`,
    ]) {
      const isRefused = (error: unknown) =>
        error instanceof RegistryError && error.code === 'name_invalid'
      assert.throws(() => parseName(bad), isRefused, JSON.stringify(bad))
    }
  })

  test('names that are one file to the client fold to one', () => {
    assert.equal(foldName('a-b/c'), foldName('a/b-c'))
    assert.equal(foldName('A-B/c'), foldName('a/b-c'))
    assert.notEqual(foldName('a/bc'), foldName('ab/c'))
  })

  test('whatever is parsed is written again', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z0-9]{1,8}(-[a-z0-9]{1,8})?\/[a-z][a-z0-9-]{0,10}$/),
        (raw) => {
          try {
            assert.equal(formatName(parseName(raw)), raw)
          } catch (error) {
            assert.ok(error instanceof RegistryError)
          }
        },
      ),
    )
  })
})

describe('gren versions', () => {
  test('three whole numbers', () => {
    for (const good of ['0.0.0', '1.0.0', '10.20.30', '2147483647.0.0']) {
      assert.ok(isVersion(good), good)
    }
    for (const bad of [
      '',
      '1',
      '1.0',
      '1.0.0.0',
      '01.0.0',
      '1.00.0',
      '1.0.0-rc',
      '1.0.0+b',
      'v1.0.0',
      ' 1.0.0',
      '1.0.0\n',
      '-1.0.0',
      '1.0.2147483648',
      '1.0.99999999999999',
      '1e1.0.0',
      '１.0.0',
    ]) {
      assert.ok(!isVersion(bad), JSON.stringify(bad))
    }
  })

  test('number by number', () => {
    const sorted = ['1.0.10', '0.9.0', '1.0.9', '10.0.0', '2.0.0'].sort(compareVersions)
    assert.deepEqual(sorted, ['0.9.0', '1.0.9', '1.0.10', '2.0.0', '10.0.0'])
    fc.assert(
      fc.property(fc.oneof(version, fc.string()), fc.oneof(version, fc.string()), (a, b) => {
        assert.equal(Math.sign(compareVersions(a, b)), -Math.sign(compareVersions(b, a)) || 0)
        if (a !== b && isVersion(a) && isVersion(b)) assert.notEqual(compareVersions(a, b), 0)
      }),
    )
    fc.assert(fc.property(version, (raw) => formatVersion(parseVersion(raw) ?? [0, 0, 0]) === raw))
  })

  test('what may come next', () => {
    const cases: Array<[string[], string[]]> = [
      [[], ['1.0.0']],
      [['1.0.0'], ['1.0.1', '1.1.0', '2.0.0']],
      [
        ['1.0.0', '1.0.1', '1.1.0', '2.0.0'],
        ['1.0.2', '1.1.1', '1.2.0', '2.0.1', '2.1.0', '3.0.0'],
      ],
      [
        ['2.0.0', '1.5.3'],
        ['1.5.4', '1.6.0', '2.0.1', '2.1.0', '3.0.0'],
      ],
    ]
    for (const [taken, next] of cases) assert.deepEqual(reachableVersions(taken), next)
  })

  test('who publishes at the same time takes nothing away from others', () => {
    const taken = fc.array(fc.tuple(small, small, small).map(formatVersion), { minLength: 1 })
    fc.assert(
      fc.property(taken, fc.nat(), (known, pick) => {
        const next = reachableVersions(known)
        const one = next[pick % next.length] ?? ''
        const after = reachableVersions([...known, one])
        for (const other of next)
          assert.ok(other === one || after.includes(other), `${one} ${other}`)
        assert.ok(!after.includes(one))
      }),
    )
  })
})

describe('gren ranges', () => {
  test('read with and without spaces, written with them', () => {
    for (const raw of ['1.0.0 <= v < 2.0.0', '1.0.0<=v<2.0.0', ' 1.0.0  <=v <  2.0.0 ']) {
      const range = parseRange(raw)
      assert.ok(range, raw)
      assert.equal(formatRange(range), '1.0.0 <= v < 2.0.0')
    }
    for (const raw of [
      '',
      '1.0.0',
      '1.0.0 <= v <= 2.0.0',
      '1.0.0 < v < 2.0.0',
      '1.0.0 <= x < 2.0.0',
      '2.0.0 <= v < 1.0.0',
      '1.0.0 <= v < 1.0.0',
      '1.0 <= v < 2.0.0',
      '1.0.0 <= v < 2.0.0 <= v < 3.0.0',
      '1.0.0\t<= v < 2.0.0',
      `1.0.0 <= v < 2.0.0${' '.repeat(200)}`,
      'local:../x',
    ]) {
      assert.equal(parseRange(raw), undefined, JSON.stringify(raw))
    }
  })

  test('the lower end is in it, the upper is not', () => {
    const range = parseRange('1.2.0 <= v < 2.0.0')
    assert.ok(range)
    for (const inside of ['1.2.0', '1.2.1', '1.99.99']) assert.ok(isInRange(inside, range), inside)
    for (const out of ['1.1.99', '2.0.0', '0.0.0', 'x']) assert.ok(!isInRange(out, range), out)
  })

  test('compatible', () => {
    assert.equal(formatRange(compatibleRange([1, 2, 3])), '1.2.3 <= v < 2.0.0')
    assert.equal(formatRange(compatibleRange([0, 2, 0])), '0.2.0 <= v < 0.3.0')
    const parts = fc.tuple(small, small, small)
    fc.assert(
      fc.property(parts, (of) => {
        const range = compatibleRange(of)
        assert.ok(isInRange(formatVersion(of), range))
        assert.deepEqual(parseRange(formatRange(range)), range)
      }),
    )
  })
})

describe('gren modules', () => {
  test('names', () => {
    for (const good of ['A', 'Main', 'Json.Decode', 'A1.B2c', 'Gren.Kernel.Json']) {
      assert.ok(isModuleName(good), good)
    }
    for (const bad of [
      '',
      'a',
      'A.',
      '.A',
      'A..B',
      'A.b',
      'A/B',
      'A_B',
      '__proto__',
      '../A',
      'Ä',
      'Gren.Kernel.A.B',
    ]) {
      assert.ok(!isModuleName(bad), bad)
    }
    assert.ok(isKernelModule('Gren.Kernel.Json'))
    assert.ok(!isKernelModule('Gren.Kernel'))
    assert.ok(!isKernelModule('Gren.Kernel.A.B'))
  })

  test('the name in a header, behind comments', () => {
    const cases: Array<[string, string | undefined]> = [
      ['module A exposing (..)', 'A'],
      ['module A.B\n    exposing\n    ( x )', 'A.B'],
      ['port module A exposing (x)', 'A'],
      ['effect module A where { command = C } exposing (x)', 'A'],
      ['-- module B exposing\nmodule A exposing (x)', 'A'],
      ['{- {- -} module B exposing -}\n\n  module A exposing (x)', 'A'],
      ['{-| doc -}module A exposing (x)', 'A'],
      ['module A', undefined],
      ['module a exposing (x)', undefined],
      ['module A exposingx', undefined],
      ['import B\nmodule A exposing (x)', undefined],
      ['{- no end\nmodule A exposing (x)', undefined],
      ['--', undefined],
      ['', undefined],
      ['\ufeffmodule A exposing (x)', 'A'],
    ]
    for (const [source, name] of cases) assert.equal(headerName(source), name, source)
  })

  test('reading a header costs no more than its text', () => {
    const long = [
      '{-'.repeat(500_000),
      '-- \n'.repeat(250_000),
      ' '.repeat(1_000_000),
      `module ${'A.'.repeat(500_000)}A exposing`,
      `{-${'-}{-'.repeat(300_000)}`,
    ]
    for (const source of long) {
      const start = performance.now()
      headerName(source)
      docComment(source)
      assert.ok(performance.now() - start < 2000, source.slice(0, 10))
    }
  })

  test("a module's documentation", () => {
    assert.equal(
      docComment('module A exposing (x)\n\n{-| Says {- it -}\n-}\nx = 1'),
      'Says {- it -}',
    )
    assert.equal(docComment('module A exposing (x)\n\nimport B\n\n{-| Of x -}\nx = 1'), '')
    assert.equal(docComment('module A exposing (x)\n\nx = 1'), '')
    assert.equal(docComment('module A exposing (x)\n\n{-| no end'), '')
    assert.equal(docComment(''), '')
  })
})

test('99 licences, in their old spelling', () => {
  assert.equal(licenseIds.size, 99)
  for (const known of ['MIT', 'BSD-3-Clause', 'Apache-2.0', 'GPL-3.0', 'LPPL-1.3c']) {
    assert.ok(licenseIds.has(known), known)
  }
  for (const unknown of ['GPL-3.0-only', 'Unlicense', 'mit', '']) {
    assert.ok(!licenseIds.has(unknown), unknown)
  }
})
