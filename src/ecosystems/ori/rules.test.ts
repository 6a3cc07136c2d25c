import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, test } from '#runtime/test.ts'
import { failsWith } from '#test/actors.ts'
import { checkChecksums, formatChecksums } from './checksum.ts'
import { formatLock, type LockEntry, readLock } from './lock.ts'
import { formatName, parseName } from './name.ts'
import { compareVersions, isPrerelease, isVersion } from './version.ts'

const hex = fc.stringMatching(/^[0-9a-f]{64}$/)
const digest = hex.map((text) => `sha256:${text}`)

describe('ori names', () => {
  for (const [raw, namespace, name] of [
    ['@acme/json', 'acme', 'json'],
    ['acme/json', 'acme', 'json'],
    ['@a/b', 'a', 'b'],
    ['@a1/b-2-c', 'a1', 'b-2-c'],
    [`@acme/${'x'.repeat(58)}`, 'acme', 'x'.repeat(58)],
    ['@my-test/tester', 'my-test', 'tester'],
  ] as const) {
    test(`${raw} is one`, () => {
      assert.deepEqual(parseName(raw), { namespace, name, key: name })
    })
  }

  for (const raw of [
    '',
    '@',
    '@acme',
    '@acme/',
    '@/json',
    '@acme/json/x',
    '@@acme/json',
    '@Acme/json',
    '@acme/Json',
    '@1acme/json',
    '@acme/1json',
    '@acme/-json',
    '@acme/json-',
    '@acme/js--on',
    '@acme/js_on',
    '@acme/js.on',
    '@acme/jsön',
    '@acme/json\n',
    `@acme/${'x'.repeat(59)}`,
    '@std/json',
    '@acme/std',
    '@stdlib/json',
    '@acme/std-json',
    ...['test', 'tests', 'example', 'examples', 'internal', 'private', 'temp', 'tmp'].flatMap(
      (word) => [`@${word}/json`, `@acme/${word}`],
    ),
    '@acme/build',
    '@acme/dist',
    '@out/json',
  ]) {
    test(`${JSON.stringify(raw)} is none`, () => {
      assert.throws(() => parseName(raw), failsWith('name_invalid'))
    })
  }

  test('formatName is the inverse, and folds what a namespace folds', () => {
    const part = fc
      .stringMatching(/^[a-z][a-z0-9]{0,9}(-[a-z0-9]{1,9}){0,2}$/)
      .filter((text) => !text.startsWith('std'))
    fc.assert(
      fc.property(part, part, (scope, name) => {
        const raw = `@${scope}/${name}`
        try {
          const parsed = parseName(raw)
          assert.equal(formatName(parsed), raw)
        } catch (error) {
          failsWith('name_invalid')(error)
        }
      }),
    )
    assert.equal(formatName({ namespace: 'My_Co', name: 'json' }), '@my-co/json')
  })
})

describe('ori versions', () => {
  for (const raw of [
    '0.0.0',
    '1.2.3',
    '10.20.30',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-0a.x-y',
  ]) {
    test(`${raw} is one`, () => assert.equal(isVersion(raw), true))
  }
  for (const raw of [
    '',
    '1',
    '1.2',
    '1.2.3.4',
    'v1.2.3',
    '01.2.3',
    '1.02.3',
    '1.2.03',
    '1.2.3+build',
    '1.2.3-',
    '1.2.3-01',
    '1.2.3-a..b',
    '1.2.3 ',
    '1.2.3\n',
    '^1.2.3',
    '1.2.x',
    `1.2.${'3'.repeat(70)}`,
  ]) {
    test(`${JSON.stringify(raw)} is none`, () => assert.equal(isVersion(raw), false))
  }

  test('are in the order of semver.org §11', () => {
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
      '1.0.0',
      '1.0.2',
      '1.0.10',
      '1.2.0',
      '2.0.0',
      '10.0.0',
      '99999999999999999999.0.0',
      '100000000000000000000.0.0',
    ]
    fc.assert(
      fc.property(fc.shuffledSubarray(inOrder, { minLength: inOrder.length }), (mixed) => {
        assert.deepEqual([...mixed].sort(compareVersions), inOrder)
      }),
    )
    assert.equal(compareVersions('1.0.0', '1.0.0'), 0)
    assert.ok(compareVersions('no version', '0.0.0') < 0)
  })

  test('a pre-release is told by its hyphen', () => {
    assert.deepEqual(['1.0.0', '1.0.0-a'].map(isPrerelease), [false, true])
  })
})

describe('oripk.lock', () => {
  const key = fc.record({
    name: fc.constantFrom('@acme/json', '@acme/http', '@b/c-d'),
    version: fc.constantFrom('1.0.0', '2.0.0-rc.1', '0.0.1'),
  })
  test('is read as it was written, in order', () => {
    const entries = fc.uniqueArray(
      fc.tuple(key, digest).map(([one, checksum]) => ({ ...one, checksum })),
      { selector: ({ name, version }) => `${name}:${version}` },
    )
    fc.assert(
      fc.property(entries, (list) => {
        const text = formatLock(list)
        assert.equal(formatLock([...list].reverse()), text)
        const { entries: read, findings } = readLock(text)
        assert.deepEqual(findings.problems, [])
        const sorted = (some: LockEntry[]) => some.map((one) => JSON.stringify(one)).sort()
        assert.deepEqual(sorted(read), sorted(list))
      }),
    )
  })

  test('the loose form', () => {
    const { entries, findings } = readLock(
      `[checksums]\n@acme/json:1.0.0 = "sha256:${'0'.repeat(64)}"\n`,
    )
    assert.deepEqual(findings.problems, [])
    assert.deepEqual(entries, [
      { name: '@acme/json', version: '1.0.0', checksum: `sha256:${'0'.repeat(64)}` },
    ])
  })

  for (const [text, rule] of [
    ['[checksums]\n"@acme/json" = "x"', 'lock_key'],
    ['[checksums]\n"@acme/json:1" = "x"', 'lock_key'],
    ['[checksums]\n"acme/json:1.0.0" = "x"', 'lock_key'],
    ['[checksums]\n"@acme/json:1.0.0" = "md5:00"', 'lock_checksum'],
    ['[checksums]\n"@acme/json:1.0.0" = 1', 'lock_checksum'],
    ['checksums = 1', 'type'],
    ['checksums = [', 'syntax'],
  ] as const) {
    test(`${JSON.stringify(text)} is refused: ${rule}`, () => {
      const { findings } = readLock(text)
      assert.deepEqual(
        findings.problems.map((one) => [one.file, one.rule]),
        [['oripk.lock', rule]],
      )
    })
  }

  test('other tables are warned of', () => {
    const { findings } = readLock('[metadata]\nx = 1\n')
    assert.deepEqual(findings.warnings, [
      { file: 'oripk.lock', message: 'metadata is not known and ignored' },
    ])
  })
})

describe('CHECKSUM', () => {
  const path = fc.stringMatching(/^[a-z]{1,5}(\/[a-z]{1,5}){0,2}$/)
  const tree = fc.uniqueArray(fc.tuple(path, digest), { selector: ([one]) => one })

  test('what was written is right', () => {
    fc.assert(
      fc.property(tree, (files) => {
        const digests = new Map([...files, ['CHECKSUM', 'sha256:whatever']])
        assert.deepEqual(checkChecksums(formatChecksums(digests), digests).problems, [])
      }),
    )
  })

  test('any other byte in it is refused', () => {
    const grown = fc.tuple(
      tree.filter((files) => files.length > 0),
      fc.nat(),
      fc.nat(),
    )
    fc.assert(
      fc.property(grown, ([files, at, by]) => {
        const digests = new Map(files)
        const bytes = Buffer.from(formatChecksums(digests))
        const index = at % bytes.length
        const was = bytes[index] ?? 0
        bytes[index] = 32 + ((was - 32 + 1 + (by % 94)) % 95)
        const text = bytes.toString()
        if (text === formatChecksums(digests)) return
        assert.notDeepEqual(checkChecksums(text, digests).problems, [])
      }),
    )
  })

  const zero = `sha256:${'0'.repeat(64)}`
  for (const [text, rule] of [
    [`${zero}  a\n${zero}  b\n`, 'checksum_missing'],
    ['', 'checksum_unlisted'],
    [`${zero}  a`, 'checksum_format'],
    [`${zero} a\n`, 'checksum_format'],
    [`${zero}  a\r\n`, 'checksum_format'],
    [`${zero}  a\n${zero}  a\n`, 'checksum_twice'],
    [`sha256:${'1'.repeat(64)}  a\n`, 'checksum_mismatch'],
    [`${zero}  a\n${zero}  CHECKSUM\n`, 'checksum_missing'],
  ] as const) {
    test(`${JSON.stringify(text.replaceAll('0', ''))}: ${rule}`, () => {
      const digests = new Map([
        ['a', zero],
        ['CHECKSUM', zero],
      ])
      const { problems } = checkChecksums(text, digests)
      assert.ok(
        problems.some((one) => one.rule === rule && one.file === 'CHECKSUM'),
        JSON.stringify(problems),
      )
    })
  }
})
