import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parse } from 'smol-toml'
import type { IndexedPackage, IndexedRelease } from '#core/ecosystem.ts'
import { describe, test } from '#runtime/test.ts'
import { indexRules } from './index-files.ts'

const facts = { publicUrl: 'https://reg.example.org' }
const ONE = `sha256:${'1'.repeat(64)}`
const TWO = `sha256:${'2'.repeat(64)}`

const release = (some: Partial<IndexedRelease> & { version: string }): IndexedRelease => ({
  digest: ONE,
  metadata: { dependencies: [] },
  isYanked: false,
  isRemoved: false,
  deprecation: null,
  ...some,
})
const packageOf = (some: Partial<IndexedPackage>): IndexedPackage => ({
  path: 'a/b',
  name: 'b',
  spelling: 'A/b',
  deprecation: null,
  releases: [],
  ...some,
})

describe('the index of elba', () => {
  test('index.toml, byte for byte', () => {
    assert.deepEqual(indexRules.rootFiles(facts), [
      {
        path: 'index.toml',
        text: `[index]
secure = false
registry = "https://reg.example.org/elba/"

[index.dependencies]
`,
      },
    ])
  })

  test('index.toml is TOML, whatever the address', () => {
    const [file] = indexRules.rootFiles({ publicUrl: 'http://a"b\\c\x7f' })
    const { index } = parse(file?.text ?? '') as { index: { registry: string } }
    assert.equal(index.registry, 'http://a"b\\c\x7f/elba/')
  })

  test('a package, byte for byte: normalised path, original spelling, publish order', () => {
    const of = packageOf({
      path: 'foo-bar/baz',
      name: 'Baz',
      spelling: 'Foo_Bar/Baz',
      releases: [
        release({
          version: '1.0.0',
          isYanked: true,
          metadata: { dependencies: [{ name: 'Acme/Core', req: '>=1.0.0 <2.0.0' }] },
        }),
        release({ version: '0.9.9', isRemoved: true, metadata: {} }),
        release({ version: '0.9.0+b1', digest: TWO }),
      ],
    })
    const { path, text } = indexRules.packageFile(of, facts)
    assert.equal(path, 'foo-bar/baz')
    assert.equal(
      text,
      `{"name":"Foo_Bar/Baz","version":"1.0.0","dependencies":[{"name":"Acme/Core","index":null,"req":">=1.0.0 <2.0.0"}],"yanked":true,"location":"tar+https://reg.example.org/elba/api/v1/packages/foo-bar/baz/1.0.0/download#sha256=${'1'.repeat(64)}"}
{"name":"Foo_Bar/Baz","version":"0.9.0+b1","dependencies":[],"yanked":false,"location":"tar+https://reg.example.org/elba/api/v1/packages/foo-bar/baz/0.9.0+b1/download#sha256=${'2'.repeat(64)}"}
`,
    )
  })

  test('a package that moved has its new group', () => {
    const of = packageOf({
      path: 'new-co/baz',
      name: 'Baz',
      spelling: null,
      releases: [release({ version: '1.0.0' })],
    })
    const { path, text } = indexRules.packageFile(of, facts)
    assert.equal(path, 'new-co/baz')
    assert.ok(text.startsWith('{"name":"new-co/Baz",'))
  })

  test('a package without releases has no file', () => {
    const removed = release({ version: '1.0.0', isRemoved: true, metadata: {} })
    for (const releases of [[], [removed]]) {
      assert.deepEqual(indexRules.packageFile(packageOf({ releases }), facts), {
        path: 'a/b',
        text: '',
      })
    }
  })

  test('every line is a document of its own, and none is blank', () => {
    const anyRelease = fc
      .record({
        version: fc.constantFrom('1.0.0', '0.1.0-rc.1', '2.0.0+x'),
        digest: fc.constantFrom(ONE, TWO),
        isYanked: fc.boolean(),
        metadata: fc.record({
          dependencies: fc.array(fc.record({ name: fc.string(), req: fc.string() })),
        }),
      })
      .map(release)
    fc.assert(
      fc.property(fc.array(anyRelease), (releases) => {
        const { text } = indexRules.packageFile(packageOf({ releases }), facts)
        const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n')
        assert.deepEqual(
          lines.map((line) => {
            const { version, yanked, dependencies } = JSON.parse(line)
            return { version, yanked, count: dependencies.length }
          }),
          releases.map(({ version, isYanked, metadata }) => ({
            version,
            yanked: isYanked,
            count: (metadata.dependencies as unknown[]).length,
          })),
        )
      }),
    )
  })
})
