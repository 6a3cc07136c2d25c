import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, test } from '#runtime/test.ts'
import { failsWith } from '#test/actors.ts'
import { formatName, parseName, spelledName } from './name.ts'
import { subPath } from './sub-path.ts'
import { compareVersions, printPrecedence, printVersion, readVersion } from './version.ts'

describe('elba names', () => {
  for (const [raw, path, key] of [
    ['acme/json', 'acme/json', 'json'],
    ['Foo_Bar/Baz', 'foo-bar/baz', 'baz'],
    ['a/B_c-D', 'a/b-c-d', 'b-c-d'],
    ['1/2', '1/2', '2'],
    [`${'x'.repeat(64)}/${'y'.repeat(64)}`, `${'x'.repeat(64)}/${'y'.repeat(64)}`, 'y'.repeat(64)],
    ['acme/packages', 'acme/packages', 'packages'],
    ['acme/console', 'acme/console', 'console'],
  ] as const) {
    test(`${raw.slice(0, 40)} is one, in the index at ${path.slice(0, 40)}`, () => {
      const parsed = parseName(raw)
      const [namespace, name] = raw.split('/')
      assert.deepEqual(parsed, { namespace, name, key, spelling: raw })
      assert.equal(formatName(parsed), path)
    })
  }

  for (const raw of [
    '',
    '/',
    'acme',
    'acme/',
    '/json',
    'acme/json/x',
    'acme/js.on',
    'acme/js on',
    'acme/jsön',
    'ac\u212ae/json',
    'acme/json\n',
    'acme/json\0',
    '../json',
    `${'x'.repeat(65)}/y`,
    `x/${'y'.repeat(65)}`,
    'packages/x',
    'Packages/x',
    'users/x',
    'acme/con',
    'NUL/x',
    'acme/Lpt1',
  ]) {
    test(`${JSON.stringify(raw).slice(0, 40)} is none`, () => {
      assert.throws(() => parseName(raw), failsWith('name_invalid'))
    })
  }

  test('normalising is done once and for all, and keeps the spelling', () => {
    const part = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,20}$/)
    fc.assert(
      fc.property(part, part, (group, name) => {
        const raw = `${group}x/${name}x`
        const parsed = parseName(raw)
        const path = formatName(parsed)
        assert.equal(formatName(parseName(path)), path)
        assert.equal(parseName(path).key, parsed.key)
        assert.equal(parseName(raw.toUpperCase().replaceAll('-', '_')).key, parsed.key)
        const shown = spelledName({ path, name: parsed.name, spelling: parsed.spelling })
        assert.equal(`${shown.group}/${shown.package}`, raw)
      }),
    )
  })

  test('a package that moved keeps the spelling of its own name', () => {
    assert.deepEqual(spelledName({ path: 'new-co/baz', name: 'Baz', spelling: null }), {
      group: 'new-co',
      package: 'Baz',
    })
  })
})

describe('elba versions', () => {
  for (const raw of [
    '0.0.0',
    '1.0.0',
    '0.1.2-RC',
    '1.0.0-pre.2-beta.5',
    '1.0.0+b1',
    '1.0.0-a+b-1.x',
    '10.20.30',
  ]) {
    test(`${raw} is one, and is written so`, () => {
      const version = readVersion(raw)
      assert.ok(version)
      assert.equal(printVersion(version), raw)
      assert.equal(printPrecedence(version), raw.split('+')[0])
    })
  }
  for (const raw of [
    '',
    '1',
    '1.2',
    '1.2.3.4',
    'v1.2.3',
    '01.2.3',
    '1.2.03',
    '1.2.3-',
    '1.2.3-01',
    '1.2.3-a..b',
    '1.2.3+',
    '1.2.3 ',
    '1.2.3\n',
    '1.2.3 b1',
    `1.2.${'3'.repeat(20)}`,
    `1.2.3-${'a'.repeat(70)}`,
  ]) {
    test(`${JSON.stringify(raw).slice(0, 30)} is none`, () => {
      assert.equal(readVersion(raw), undefined)
    })
  }

  test('are in the order of semver.org §11, blind to build metadata', () => {
    const inOrder = [
      '0.9.9',
      '1.0.0-1',
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-alpha.beta',
      '1.0.0-beta',
      '1.0.0-beta.2',
      '1.0.0-beta.11',
      '1.0.0-rc.1',
      '1.0.0+b',
      '1.0.2',
      '1.0.10',
      '1.2.0',
      '2.0.0',
      '10.0.0',
    ]
    fc.assert(
      fc.property(fc.shuffledSubarray(inOrder, { minLength: inOrder.length }), (mixed) => {
        assert.deepEqual([...mixed].sort(compareVersions), inOrder)
      }),
    )
    assert.equal(compareVersions('1.0.0+a', '1.0.0+b'), 0)
    assert.ok(compareVersions('no version', '0.0.0') < 0)
  })
})

describe('elba sub-paths', () => {
  for (const [raw, path] of [
    ['README.md', 'README.md'],
    ['./README.md', 'README.md'],
    ['src/lib/', 'src/lib'],
    ['a//b/./c', 'a/b/c'],
    ['.', '.'],
    ['..a/b..', '..a/b..'],
  ] as const) {
    test(`${raw} is ${path}`, () => assert.equal(subPath(raw), path))
  }
  for (const raw of ['', '/', '/a', '..', 'a/..', '../a', 'a/../b', 'a\\b', 'C:/a', 'a\0']) {
    test(`${JSON.stringify(raw)} is none`, () => assert.equal(subPath(raw), undefined))
  }
})
