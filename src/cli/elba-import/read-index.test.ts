import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from '#runtime/test.ts'
import { readIndex } from './read-index.ts'

const CONFIG = '[index]\nsecure = false\nregistry = "https://api.elba.pub/"\n[index.dependencies]\n'

describe('reading an elba index', () => {
  let root: string
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'read-index-'))
  })
  after(() => rm(root, { recursive: true, force: true }))

  const index = async (name: string, files: Readonly<Record<string, string>>) => {
    for (const [path, text] of Object.entries({ 'index.toml': CONFIG, ...files })) {
      const place = join(root, name, path)
      await mkdir(dirname(place), { recursive: true })
      await writeFile(place, text)
    }
    return join(root, name)
  }
  const line = (name: string, version: string, more = {}) =>
    JSON.stringify({ name, version, dependencies: [], yanked: false, ...more })

  test('a package in each file that is one folder deep, its lines in their order', async () => {
    const folder = await index('plain', {
      'README.md': '# index',
      LICENSE: 'MIT',
      '.github/workflow': 'on: push',
      'acme/.keep': '',
      'acme/index.html': '<html>',
      'acme/deep/file': line('acme/deep', '1.0.0'),
      'acme/json': `${line('acme/json', '2.0.0')}\r\n\n${line('acme/json', '1.0.0')}\n`,
    })
    await symlink(join(folder, 'acme'), join(folder, 'other'))
    await symlink('/etc/passwd', join(folder, 'acme', 'passwd'))
    const { packages, bad } = await readIndex(folder)
    assert.deepEqual(bad, [])
    assert.deepEqual([...packages.keys()], ['acme/json'])
    const versions = packages.get('acme/json')?.map(({ version }) => version)
    assert.deepEqual(versions, ['2.0.0', '1.0.0'])
  })

  test('files in the original spelling, as the old registry wrote them, are one package', async () => {
    const folder = await index('spelled', {
      'Foo_Bar/Baz': line('Foo_Bar/Baz', '1.0.0'),
      'foo-bar/baz': line('foo-bar/Baz', '1.1.0', {
        dependencies: [
          { name: 'A_b/C', index: 'other', req: 'any' },
          { name: 'ä/ö', req: 'any' },
        ],
      }),
    })
    const { packages } = await readIndex(folder)
    const found = packages.get('foo-bar/baz') ?? []
    assert.deepEqual(
      found.map(({ name, needs }) => [name, needs]),
      [
        ['Foo_Bar/Baz', []],
        ['foo-bar/Baz', ['a-b/c']],
      ],
    )
  })

  test('the last line about a version counts', async () => {
    const lines = [
      line('a/b', '1.0.0'),
      line('a/b', '1.1.0'),
      line('a/b', '1.0.0', { yanked: true }),
    ]
    const { packages } = await readIndex(await index('twice', { 'a/b': lines.join('\n') }))
    assert.deepEqual(
      packages.get('a/b')?.map(({ version, isYanked }) => [version, isYanked]),
      [
        ['1.0.0', true],
        ['1.1.0', false],
      ],
    )
  })

  test('lines that say nothing good', async () => {
    const wrong: ReadonlyArray<readonly [string, RegExp]> = [
      ['null', /^the line: /],
      ['{"name":', /^it is not JSON$/],
      [line('a/b', '1.0'), /1\.0 is no version/],
      [line('a/c', '1.0.0'), /another package, a\/c/],
      [line('ä/b', '1.0.0'), /ä\/b is no name/],
      [line('packages/b', '1.0.0'), /packages\/b is no name/],
      [line('a/b', '1.0.0', { yanked: 'no' }), /^yanked: /],
      [line('a/b', '1.0.0', { location: 'ftp://x' }), /ftp:\/\/x is no location/],
    ]
    const text = wrong.map(([raw]) => raw).join('\n')
    const { packages, bad } = await readIndex(await index('wrong', { 'a/b': text }))
    assert.equal(packages.size, 0)
    assert.equal(bad.length, wrong.length)
    for (const [at, [raw, reason]] of wrong.entries()) {
      assert.equal(bad[at]?.place, `a/b, line ${at + 1}`)
      assert.match(bad[at]?.reason ?? '', reason, raw)
    }
  })

  test('a folder that is no index is refused', async () => {
    for (const [name, text] of Object.entries({
      empty: '',
      broken: '[index',
      other: '[package]\nname = "a/b"\n',
    })) {
      const folder = await index(name, { 'index.toml': text })
      await assert.rejects(readIndex(folder), /not that of an elba index/, name)
    }
    await assert.rejects(readIndex(join(root, 'nowhere')), /no index\.toml/)
  })
})
