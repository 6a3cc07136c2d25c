import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parse } from 'smol-toml'
import { describe, test } from '#runtime/test.ts'
import { quoteLooseKeys } from './loose-toml.ts'
import { readManifest } from './manifest.ts'

const STRICT = `
[project]
name = "@acme/web"
version = "1.2.0"
ori = "0.5.0"
description = """
A web
std.net
@not/a = key
server."""
license = "MIT OR Apache-2.0"
authors = ["Ann <ann@example.org>"]
repository = "https://example.org/acme/web"
keywords = [
  "http",
  "web",
]
categories = ["net"]
funding = "https://example.org/fund"
edition = "2026"

[project.entry]
lib = "src/lib.ori"
main = "src/main.ori"

[dependencies]
"std.json" = true
"@acme/http" = "1.0.0"

[dependencies."@acme/log"]
version = "2.0.0"
features = ["color"]
default-features = false

[dev-dependencies]
"@acme/check" = { version = "0.1.0-rc.1" }

[target."cfg(os = \\"linux\\")".dependencies]
"@acme/epoll" = "3.0.0"

[features]
default = ["json"]
json = ["std.json", "@acme/log"]

[registries.company]
url = "https://ori.example.com"
auth = "token"

[publish]
include = ["README.md"]
`

const LOOSE = STRICT.replace('"std.json" = true', 'std.json # with the compiler')
  .replace('"@acme/http" =', '@acme/http =')
  .replace('[dependencies."@acme/log"]', '[dependencies.@acme/log] # "quoted" @a/b')
  .replace('"@acme/check" =', '  @acme/check =')

const MINIMAL = (more: string, project = '') => `
[project]
name = "@acme/web"
version = "1.0.0"
ori = "0.5.0"
description = "x"
${project}
${more}`

describe('oripk.toml', () => {
  const expected = {
    name: '@acme/web',
    version: '1.2.0',
    ori: '0.5.0',
    description: 'A web\nstd.net\n@not/a = key\nserver.',
    license: 'MIT OR Apache-2.0',
    authors: ['Ann <ann@example.org>'],
    repository: 'https://example.org/acme/web',
    keywords: ['http', 'web'],
    categories: ['net'],
    funding: ['https://example.org/fund'],
    edition: '2026',
    entry: { lib: 'src/lib.ori', main: 'src/main.ori' },
    dependencies: [
      ['@acme/check', '0.1.0-rc.1', [], true, 'dev', null],
      ['@acme/http', '1.0.0', [], true, 'normal', null],
      ['@acme/log', '2.0.0', ['color'], false, 'normal', null],
      ['@acme/epoll', '3.0.0', [], true, 'target', 'cfg(os = "linux")'],
    ].map(([name, version, features, default_features, kind, target]) => ({
      name,
      version,
      features,
      default_features,
      kind,
      target,
    })),
    std_dependencies: ['std.json'],
    features: { default: ['json'], json: ['std.json', '@acme/log'] },
    registries: { company: 'https://ori.example.com' },
  }

  for (const [label, text] of [
    ['real TOML', STRICT],
    ['as Ori’s documents write it', LOOSE],
    ['with Windows’ line ends', LOOSE.replaceAll('\n', '\r\n')],
    ['std as a dotted key', STRICT.replace('"std.json" = true', 'std.json = true')],
    ['std with a word', STRICT.replace('"std.json" = true', '"std.json" = "default"')],
  ] as const) {
    test(`${label} is read whole`, () => {
      const { manifest, findings } = readManifest(text)
      assert.deepEqual(findings.problems, [])
      assert.deepEqual(findings.warnings, [])
      const description = manifest.description.replaceAll('\r\n', '\n')
      assert.deepEqual({ ...manifest, description }, expected)
    })
  }

  for (const [label, text, rules] of [
    ['no TOML', 'project = [', ['syntax']],
    ['nothing', '', ['required', 'name', 'version', 'required', 'required']],
    [
      'a project that is a list',
      'project = []',
      ['type', 'name', 'version', 'required', 'required'],
    ],
    ['no scope', MINIMAL('').replace('@acme/web', 'web'), ['name']],
    ['a reserved name', MINIMAL('').replace('@acme/web', '@acme/test'), ['name']],
    ['build metadata', MINIMAL('').replace('1.0.0', '1.0.0+1'), ['version']],
    ['a compiler range', MINIMAL('').replace('0.5.0', '>=0.5'), ['ori']],
    ['an empty description', MINIMAL('').replace('"x"', '"  "'), ['required']],
    ['a description that is a number', MINIMAL('').replace('"x"', '1'), ['type', 'required']],
    ['no SPDX licence', MINIMAL('', 'license = "Do what you like"'), ['license']],
    ['a script URL', MINIMAL('', 'repository = "javascript:alert(1)"'), ['url']],
    ['scripts', MINIMAL('[scripts]\nbuild = "rm -rf /"'), ['scripts']],
    ['a git dependency', MINIMAL('[dependencies]\n"@a/b" = { git = "x" }'), ['dependency_git']],
    ['a path dependency', MINIMAL('[dependencies]\n"@a/b" = { path = "x" }'), ['dependency_path']],
    [
      'a workspace dependency',
      MINIMAL('[dependencies]\n"@a/b" = { workspace = true }'),
      ['dependency_workspace'],
    ],
    ['a range', MINIMAL('[dependencies]\n"@a/b" = "^1.0.0"'), ['dependency_version']],
    ['a dependency on a number', MINIMAL('[dependencies]\n"@a/b" = 1'), ['dependency_version']],
    ['a dependency without a scope', MINIMAL('[dependencies]\nb = "1.0.0"'), ['dependency_name']],
    ['std with a version', MINIMAL('[dependencies]\n"std.json" = "1.0.0"'), ['dependency_std']],
    ['std alone', MINIMAL('[dependencies]\nstd = true'), ['dependency_name']],
    [
      'a git dev-dependency',
      MINIMAL('[dev-dependencies]\n"@a/b" = { git = "x", rev = "y" }'),
      ['dependency_git'],
    ],
    [
      'a git target dependency',
      MINIMAL('[target."cfg(x)".dependencies]\n"@a/b" = { git = "x" }'),
      ['dependency_git'],
    ],
    ['an unknown feature', MINIMAL('[features]\na = ["b"]'), ['feature_unknown']],
    ['a feature that is text', MINIMAL('[features]\na = "b"'), ['type']],
    ['a feature without a name', MINIMAL('[features]\n"" = []'), ['feature_name']],
  ] as const) {
    test(`${label} is refused: ${rules.join(', ')}`, () => {
      const { problems } = readManifest(text).findings
      assert.deepEqual(
        problems.map((one) => [one.file, one.rule]),
        rules.map((rule) => ['oripk.toml', rule]),
      )
    })
  }

  test('a syntax error tells its line, in the loose form too', () => {
    const text = '[dependencies]\n@acme/http = "1.0.0"\n@acme/x == 1\n'
    assert.match(readManifest(text).findings.problems[0]?.message ?? '', /^line 3: /)
  })

  test('what is not known is warned of', () => {
    const { findings } = readManifest(
      MINIMAL('[dependencies]\n"@a/b" = { version = "1.0.0", color = 1 }\n[more]', 'home = 1'),
    )
    assert.deepEqual(findings.problems, [])
    assert.deepEqual(
      findings.warnings.map((one) => one.message),
      [
        'more is not known and ignored',
        'dependencies."@a/b".color is not known and ignored',
        'project.home is not known and ignored',
      ],
    )
  })

  test('any text at all is read or refused, never a crash', () => {
    const pieces = fc.constantFrom(
      ...'[project]|\n|name = |"@acme/web"|"|\'|"""|[|]|{|}|=|@a/b|std.x|#|\\|__proto__|1|.|[[|é|\r'.split(
        '|',
      ),
    )
    const texts = fc.array(pieces, { maxLength: 30 }).map((some) => some.join(''))
    fc.assert(
      fc.property(fc.oneof(texts, fc.string()), (text) => {
        JSON.stringify(readManifest(text))
      }),
      { numRuns: 2000 },
    )
  })

  test('quoting leaves the inside of texts and lists alone', () => {
    const inside = fc.constantFrom('std.x', '@a/b = 1', '[x]', '#', "''", '"', '\\\\', 'a', '')
    fc.assert(
      fc.property(fc.array(inside, { maxLength: 6 }), (lines) => {
        const value = lines.join('\n').replaceAll('"', '')
        const text = `a = """\n${value}"""\nb = [\n"std.x",\n]\n@a/b = '''${'\n'}${value.replaceAll("'", '')}'''\nstd.y\n`
        const read = parse(quoteLooseKeys(text))
        assert.equal(read.a, value.replaceAll('\\\\', '\\'))
        assert.deepEqual(read.b, ['std.x'])
        assert.equal(read['@a/b'], value.replaceAll("'", ''))
        assert.equal(read['std.y'], true)
      }),
    )
  })
})
