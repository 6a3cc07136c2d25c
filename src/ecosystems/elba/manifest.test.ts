import assert from 'node:assert/strict'
import fc from 'fast-check'
import { RegistryError } from '#core/errors.ts'
import { describe, test } from '#runtime/test.ts'
import { readManifest } from './manifest.ts'

const about = (more = '', tables = '') =>
  `[package]\nname = "acme/json"\nversion = "0.1.0"\nauthors = []\n${more}\n${tables}`

/** What the manifest is refused for. */
function refusal(source: string): string {
  try {
    readManifest(source)
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'manifest_invalid') return error.message
    throw error
  }
  return 'taken'
}

describe('elba.toml', () => {
  test('all that there is', () => {
    const source = `
[package]
name = "Acme/Json_Parser"
version = "0.1.0-rc.1+b2"
authors = ["A <a@example.org>", "B"]
description = "Reads JSON"
homepage = "https://json.example.org"
repository = "git@example.org:acme/json.git"
readme = "./docs/README.md"
license = "BSD-3-Clause OR Apache-2.0"
keywords = ["json", "parser"]
exclude = ["*.out", "/tmp"]
build = "sub/path"

[dependencies]
"acme/core" = "1.0"
"Acme/Text" = "~0.2.1, >=!1.0.0 <!2.0.0"
"acme/all" = "any"

[dev_dependencies]
"acme/test" = "2"
"acme/x" = { version = "1.0", index = "index+git+https://example.org/index" }
"acme/y" = { path = "../y" }
"acme/z" = { git = "https://example.org/z", tag = "v1" }
"acme/w" = { git = "https://example.org/z" }

[targets.lib]
path = "src/lib/"
mods = ["A.B", "C"]
idris_opts = ["--warnpartial"]

[[targets.bin]]
name = "x"
path = "src"
main = "Main"
idris_opts = []

[[targets.bin]]
name = "y"
main = "src/bin/Here"

[[targets.test]]
name = "t"
path = "tests"
main = "T"

[[targets.test]]
main = "U"

[workspace]
"g/n" = "sub/path"

[scripts]
prebuild = "make"
`
    assert.deepEqual(readManifest(source), {
      name: 'Acme/Json_Parser',
      version: '0.1.0-rc.1+b2',
      authors: ['A <a@example.org>', 'B'],
      description: 'Reads JSON',
      homepage: 'https://json.example.org',
      repository: 'git@example.org:acme/json.git',
      license: 'BSD-3-Clause OR Apache-2.0',
      keywords: ['json', 'parser'],
      readme: 'docs/README.md',
      dependencies: [
        { name: 'acme/core', req: '>=1.0.0 <2.0.0' },
        { name: 'Acme/Text', req: '>=0.2.1 <0.3.0, >=!1.0.0 <!2.0.0' },
        { name: 'acme/all', req: 'any' },
      ],
    })
  })

  test('the least there can be', () => {
    assert.deepEqual(readManifest(about()), {
      name: 'acme/json',
      version: '0.1.0',
      authors: [],
      description: null,
      homepage: null,
      repository: null,
      license: null,
      keywords: [],
      readme: null,
      dependencies: [],
    })
  })

  for (const [more, tables] of [
    ['description = ""', ''],
    [`description = "${'x'.repeat(244)}"`, ''],
    [`license = "MIT OR (${'Apache-2.0 AND '.repeat(3)}ISC)"`, ''],
    ['keywords = ["a", "b", "c", "d", "e"]', ''],
    ['keywords = []', ''],
    ['exclude = []', '[targets]\n[dependencies]\n[dev_dependencies]\n[workspace]\n[scripts]\n'],
    ['readme = "readme.txt"', '[targets]\nbin = []\n'],
  ] as const) {
    test(`taken: ${more.slice(0, 40)} ${JSON.stringify(tables).slice(0, 40)}`, () => {
      assert.equal(refusal(about(more, tables)), 'taken')
    })
  }

  for (const [source, why] of [
    ['', 'elba.toml: package: '],
    ['package = 1', 'elba.toml: package: '],
    ['[package', 'elba.toml: line 1: '],
    ['[package]\nname = "a/b"\nname = "c/d"', 'elba.toml: line 3: '],
    ['[package]\nname = "a/b"', 'elba.toml: package.version: '],
    ['[package]\nname = "a/b"\nversion = "1.0.0"', 'elba.toml: package.authors: '],
    [about('authros = []'), 'elba.toml: package: "authros" is not known here'],
    [about('', '[tagets]'), 'elba.toml: the file: "tagets" is not known here'],
    [about('', '[targets.lob]\n'), 'elba.toml: targets: "lob" is not known here'],
    [about('', '[targets.lib]\nmods = []\nmain = "X"'), 'elba.toml: targets.lib: "main" is not'],
    [
      about('', '[[targets.bin]]\nname = "x"\nmain = "M"\nmods = []'),
      'elba.toml: targets.bin.0: "mods"',
    ],
    [about('', '[[targets.test]]\nmain = "M"\nopts = []'), 'elba.toml: targets.test.0: "opts"'],
    [about('', '[targets.lib]\npath = "src"'), 'elba.toml: targets.lib.mods: '],
    [about('', '[[targets.bin]]\nname = "x"'), 'elba.toml: targets.bin.0.main: '],
    [
      about('', '[targets.lib]\nmods = []\npath = "../src"'),
      'elba.toml: targets.lib.path: must be a rel',
    ],
    [
      about('', '[[targets.bin]]\nname="x"\nmain="M"\npath="/src"'),
      'elba.toml: targets.bin.0.path: must',
    ],
    [about('readme = "../README.md"'), 'elba.toml: package.readme: must be a relative path'],
    [about('build = "a\\\\b"'), 'elba.toml: package.build: must be a relative path'],
    [about('', '[workspace]\n"g/n" = ".."'), 'elba.toml: workspace.g/n: must be a relative path'],
    [about('', '[workspace]\ngn = "x"'), 'elba.toml: workspace.gn: "gn" is no name'],
    [
      about(`description = "${'x'.repeat(245)}"`),
      'elba.toml: package.description: may have 244 bytes',
    ],
    [
      about(`description = "${'ä'.repeat(123)}"`),
      'elba.toml: package.description: may have 244 bytes',
    ],
    [about('license = "GPL"'), 'elba.toml: package.license: "GPL" is no SPDX expression'],
    [about('license = ""'), 'elba.toml: package.license: "" is no SPDX expression'],
    [about(`license = "${'MIT OR '.repeat(9)}MIT"`), 'elba.toml: package.license: '],
    [about('keywords = ["a","b","c","d","e","f"]'), 'elba.toml: package.keywords: '],
    [about('keywords = [""]'), 'elba.toml: package.keywords.0: must not be blank'],
    [about('keywords = ["a b"]'), 'elba.toml: package.keywords.0: must not be blank'],
    [about('keywords = "json"'), 'elba.toml: package.keywords: '],
    [about('homepage = 2026-01-01'), 'elba.toml: package.homepage: '],
    [
      about('homepage = "a\\u0000b"'),
      'elba.toml: package.homepage: has characters that are no text',
    ],
    [
      about('', '[dependencies]\n"acme/x" = { version = "1.0", index = "i" }'),
      'elba.toml: dependencies.acme/x: a published package can only',
    ],
    [
      about('', '[dependencies]\n"acme/x" = { path = "../x" }'),
      'elba.toml: dependencies.acme/x: a published',
    ],
    [
      about('', '[dependencies]\n"acme/x" = { git = "https://x" }'),
      'elba.toml: dependencies.acme/x: a published',
    ],
    [about('', '[dependencies]\n"acme/x" = 1'), 'elba.toml: dependencies.acme/x: '],
    [
      about('', '[dependencies]\n"acme/x" = "1.x"'),
      'elba.toml: dependencies.acme/x: "1.x" is no version',
    ],
    [about('', '[dependencies]\n"acme/x" = ""'), 'elba.toml: dependencies.acme/x: an empty range'],
    [
      about('', '[dependencies]\n"acme/x" = ">=1.0.0-a"'),
      'elba.toml: dependencies.acme/x: ">=1.0.0-a" has a pre-release',
    ],
    [about('', '[dependencies]\nx = "1.0"'), 'elba.toml: dependencies.x: "x" is no name'],
    [
      about('', '[dependencies]\n"packages/x" = "1.0"'),
      'elba.toml: dependencies.packages/x: "packages/x" is no name',
    ],
    [
      about('', '[dependencies]\n"a/b_c" = "1"\n"A/b-C" = "1"'),
      'elba.toml: dependencies: a/b_c and A/b-C are the same',
    ],
    [
      about('', '[dev_dependencies]\n"a/b" = { path = "x", git = "y" }'),
      'elba.toml: dev_dependencies.a/b: ',
    ],
    [
      about('', '[dev_dependencies]\n"a/b" = { version = "1" }'),
      'elba.toml: dev_dependencies.a/b: ',
    ],
    [about('', '[dev_dependencies]\n"a/b" = "latest"'), 'elba.toml: dev_dependencies.a/b: '],
    [about('', '[scripts]\nprebuild = 1'), 'elba.toml: scripts.prebuild: '],
    [
      '[package]\nname = "ac me/json"\nversion = "0.1.0"\nauthors = []',
      'elba.toml: package.name: "ac me/json" is no name',
    ],
    [
      '[package]\nname = "a/b"\nversion = "1.0"\nauthors = []',
      'elba.toml: package.version: "1.0" is no version',
    ],
    ['[package]\nname = "a/b"\nversion = "1.0.0"\nauthors = [1]', 'elba.toml: package.authors.0: '],
    ['[package]\nname = 1\nversion = 2\nauthors = 3\nx = 4', 'elba.toml: package.name: '],
  ] as const) {
    test(`refused: ${why}`, () => {
      const said = refusal(source)
      assert.ok(said.startsWith(why), said)
    })
  }

  test('says at most five things, and how many more', () => {
    const said = refusal(about().replace('authors = []', 'authors = [1, 2, 3, 4, 5, 6, 7]'))
    assert.match(said, / \(and 2 more\)$/)
    assert.ok(said.length < 1000)
  })

  test('any text and any TOML is taken or refused, never a crash', () => {
    const value = fc.oneof(
      fc.string().map((one) => JSON.stringify(one)),
      fc.constantFrom('1', 'true', '[]', '{}', '[1]', '{a = 1}', '2026-01-01', '"1.0"', 'inf'),
    )
    const key = fc.constantFrom(
      'name',
      'version',
      'dependencies',
      '"__proto__"',
      '"a/b"',
      'lib',
      'x',
    )
    const table = fc.constantFrom(
      'package',
      'dependencies',
      'targets',
      'targets.lib',
      '[targets.bin]',
      '__proto__',
    )
    const lines = fc.array(
      fc.oneof(
        fc.tuple(key, value).map(([a, b]) => `${a} = ${b}`),
        table.map((one) => `[${one}]`),
      ),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          lines.map((some) => some.join('\n')),
        ),
        (source) => {
          assert.ok(refusal(source) !== '')
        },
      ),
      { numRuns: 2000 },
    )
  })
})
