import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { digestOf } from '#core/blobs/digest.ts'
import { RegistryError } from '#core/errors.ts'
import { describe, test } from '#runtime/test.ts'
import { holds } from '#test/hostile.ts'
import { noise } from '#test/raw-tar.ts'
import { parseArchivePath } from './archive-path.ts'
import { inspectArchive } from './inspect-archive.ts'
import { type PackFile, packArchive } from './pack-archive.ts'
import { PathTree } from './path-tree.ts'
import { type FolderChoice, readFolder } from './read-folder.ts'

const LIMITS = {
  maxCompressedBytes: 10_000_000,
  maxUnpackedBytes: 50_000_000,
  maxRatio: 1000,
  maxEntries: 1000,
  maxDepth: 100,
  maxPathBytes: 4000,
  maxFileBytes: 10_000_000,
}

/** What every runtime, processor and later version of ours must make of `goldenFiles`. */
const GOLDEN = 'sha256:6030e5f806f2b8523a100f4ca2219a7c2a7c778c9e6b2ec60088a88d149ed578'
const goldenFiles: readonly PackFile[] = [
  { path: 'src/main.ori', bytes: text('let x = 1\n'.repeat(3000)) },
  { path: 'bin/run', bytes: noise(100_000), isExecutable: true },
  { path: 'empty', bytes: new Uint8Array() },
  { path: 'caf\u00e9.md', bytes: text('été '.repeat(50)) },
  { path: `${'folder/'.repeat(20)}f`, bytes: text('prefix') },
  { path: 'n'.repeat(150), bytes: text('pax') },
  { path: 'mixed', bytes: Buffer.concat([noise(40_000), noise(70_000), Buffer.alloc(90_000)]) },
]

test('the same files give the same bytes, on every runtime and in every order', () => {
  const packed = packArchive(goldenFiles)
  assert.equal(digestOf(packed), GOLDEN)
  assert.deepEqual(packArchive(goldenFiles.toReversed()), packed)
  assert.deepEqual([...packed.subarray(0, 10)], [31, 139, 8, 0, 0, 0, 0, 0, 2, 3])
})

test('what is packed comes out again', async () => {
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 3000 }),
    fc.nat({ max: 200_000 }).map((size) => new Uint8Array(size).fill(size)),
  )
  const segment = fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
    fc.stringMatching(/^[a-z0-9.-]{1,130}$/),
  )
  const path = fc.array(segment, { minLength: 1, maxLength: 8 }).map((parts) => parts.join('/'))
  const file = fc.record({ path, bytes: body, isExecutable: fc.boolean() })
  await holds(100, fc.array(file, { maxLength: 20 }).map(portable), async (files) => {
    const unpacked = await unpack(packArchive(files))
    const inOrder = files.toSorted((a, b) =>
      Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)),
    )
    assert.deepEqual(unpacked, inOrder)
  })
})

test('what could not be unpacked is not packed', () => {
  const bytes = text('x')
  const bad = [
    ['../evil'],
    ['/etc/x'],
    ['a', 'A'],
    ['a', 'a'],
    ['a', 'a/b'],
    ['con'],
    [''],
    ['a\0'],
  ]
  for (const paths of bad) {
    const files = paths.map((path) => ({ path, bytes }))
    assert.throws(() => packArchive(files), RegistryError, paths.join(' and '))
  }
})

test('GNU tar reads what is packed', async () => {
  await inFolder({}, async (folder) => {
    await writeFile(join(folder, 'a.tgz'), packArchive(goldenFiles))
    const listed = execFileSync('tar', ['-tvzf', 'a.tgz', '--utc', '--numeric-owner'], {
      cwd: folder,
      encoding: 'utf8',
      env: { LC_ALL: 'C.UTF-8', PATH: '/usr/bin:/bin' },
    })
    const lines = listed.trimEnd().split('\n')
    assert.equal(lines.length, goldenFiles.length)
    assert.equal(lines[0], '-rwxr-xr-x 0/0          100000 1970-01-01 00:00 bin/run')
    for (const { path } of goldenFiles) assert.ok(listed.includes(` ${path}\n`), path)
  })
})

describe('a folder is read', () => {
  const tree = {
    'oripk.toml': '',
    'README.md': '',
    'src/main.ori': '',
    'src/deep/util.ori': '',
    'src/deep/util.tmp': '',
    'src/deep/keep.tmp': '',
    'docs/README.md': '',
    'build/out.o': '',
    'node_modules/x/build': '',
    '.gitignore': '# comment\n/build/\n*.tmp\r\nnode_modules\n\n',
    'src/deep/.gitignore': '!keep.tmp\n',
    '.git/config': '',
    'docs/.DS_Store': '',
  }
  const ignoreFiles = ['.gitignore']
  const cases: [string, Partial<FolderChoice>, string[]][] = [
    [
      'without what the ignore files say',
      { ignoreFiles },
      [
        '.gitignore',
        'README.md',
        'docs/README.md',
        'oripk.toml',
        'src/deep/.gitignore',
        'src/deep/keep.tmp',
        'src/deep/util.ori',
        'src/main.ori',
      ],
    ],
    [
      'only what is included',
      { include: ['/README.md', 'src/', 'oripk.*'], exclude: ['*.tmp', '.gitignore'] },
      ['README.md', 'oripk.toml', 'src/deep/util.ori', 'src/main.ori'],
    ],
    ['across folders', { include: ['src/**/*.ori'] }, ['src/deep/util.ori', 'src/main.ori']],
    ['by one character', { include: ['s?c/m*.o??'] }, ['src/main.ori']],
    [
      'the last rule decides, but never for .git',
      { include: ['.git/', '*.tmp'], exclude: ['*.tmp', '!keep.tmp', '!.git'] },
      ['src/deep/keep.tmp'],
    ],
  ]
  for (const [name, choice, paths] of cases) {
    test(name, async () => {
      await inFolder(tree, async (folder) => {
        const files = await readFolder(folder, { maxBytes: 1000, ...choice })
        assert.deepEqual(files.map(({ path }) => path).sort(), paths)
      })
    })
  }

  test('with bytes and mode, up to a size, and never through links', async () => {
    await inFolder({ run: 'abc', other: '' }, async (folder) => {
      await chmod(join(folder, 'run'), 0o755)
      const files = await readFolder(folder, { maxBytes: 3, include: ['run'] })
      assert.deepEqual(files, [{ path: 'run', bytes: text('abc'), isExecutable: true }])
      await assert.rejects(readFolder(folder, { maxBytes: 2 }), /"run".*\[unpacked-size\]/)
      await symlink('/etc/passwd', join(folder, 'link'))
      await assert.rejects(readFolder(folder, { maxBytes: 3 }), /"link".*\[link\]/)
      await readFolder(folder, { maxBytes: 3, exclude: ['link'] })
    })
  })
})

/** Those of the files that can be together in an archive. */
function portable(files: readonly PackFile[]): PackFile[] {
  const taken: PackFile[] = []
  for (const file of files) {
    const tree = new PathTree()
    try {
      const path = parseArchivePath(file.path, LIMITS).join('/')
      if (path === '') continue
      const all = [...taken, { ...file, path }]
      for (const one of all) tree.add(one.path.split('/'), 'file')
      taken.push({ ...file, path })
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error
    }
  }
  return taken
}

async function unpack(packed: Uint8Array): Promise<PackFile[]> {
  const source = async function* () {
    yield packed
  }
  const { files } = await inspectArchive(source(), LIMITS, () => LIMITS.maxFileBytes)
  return files.map(({ path, bytes = new Uint8Array(), isExecutable }) => ({
    path,
    bytes,
    isExecutable,
  }))
}

async function inFolder(
  tree: Readonly<Record<string, string>>,
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'entrepot-pack-'))
  try {
    for (const [path, content] of Object.entries(tree)) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), content)
    }
    await use(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

function text(content: string): Uint8Array {
  return new TextEncoder().encode(content)
}
