import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { RegistryError } from '#core/errors.ts'
import { describe, test } from '#runtime/test.ts'
import { holds } from '#test/hostile.ts'
import { goodArchives, hostileArchives, hostileTars, testLimits } from '#test/hostile-archives.ts'
import { goodLongNames, hostileLongNames, longLimits } from '#test/hostile-long-names.ts'
import { inspectMutated } from '#test/inspect-mutated.ts'
import { archiveOf, noise, rawEntry } from '#test/raw-tar.ts'
import { type ArchiveLimits, inspectArchive, type WantFile } from './inspect-archive.ts'

describe('hostile archives are refused, each for its own reason', () => {
  const corpora = [
    { archives: hostileArchives, limits: testLimits },
    { archives: hostileLongNames, limits: longLimits },
  ]
  const all = corpora.flatMap(({ archives, limits }) =>
    archives.map((archive) => ({ ...archive, limits })),
  )
  for (const { name, rule, make, limits } of all) {
    test(`${rule}: ${name}`, async () => {
      const bytes = make()
      for (const size of [bytes.byteLength, 1000]) {
        const error = await refusalOf(inspectArchive(chunks(bytes, size), limits))
        assert.equal(error.details.rule, rule, error.message)
        assert.ok(error.message.includes(`[${rule}]`), error.message)
        const { file } = error.details
        if (file !== null) assert.ok(error.message.includes(JSON.stringify(file)), error.message)
      }
    })
  }
})

describe('good archives are taken', () => {
  for (const { name, paths, make } of [...goodArchives, ...goodLongNames]) {
    test(name, async () => {
      const bytes = make()
      for (const size of [bytes.byteLength, 1]) {
        const archive = await inspectArchive(chunks(bytes, size), longLimits)
        assert.deepEqual(
          archive.files.map(({ path }) => path),
          paths,
        )
        assert.equal(archive.compressedSize, bytes.byteLength)
      }
    })
  }
})

test('GNU long names are taken only where the caller says so', async () => {
  for (const { make } of goodLongNames) await refused('gnu-long-name', inspect(make()))
})

test('says what each file is, and gives the bytes of those that are wanted', async () => {
  const body = noise(100_000)
  const archive = archiveOf(
    rawEntry({ name: 'oripk.toml', body: '[project]' }),
    rawEntry({ name: 'src/', type: '5' }),
    rawEntry({ name: 'src/run', body, mode: 0o755 }),
    rawEntry({ name: 'empty' }),
  )
  const want = (path: string) => (path === 'src/run' ? undefined : 9)
  const { files, unpackedSize } = await inspect(archive, {}, want)
  assert.deepEqual(files, [
    {
      path: 'oripk.toml',
      size: 9,
      isExecutable: false,
      digest: sha256('[project]'),
      bytes: new TextEncoder().encode('[project]'),
    },
    { path: 'src/run', size: 100_000, isExecutable: true, digest: sha256(body) },
    { path: 'empty', size: 0, isExecutable: false, digest: sha256(''), bytes: new Uint8Array() },
  ])
  assert.equal(unpackedSize, 4 * 512 + 512 + 100_352 + 1024)
  await refused(
    'file-size',
    inspect(archive, {}, () => 8),
  )
})

test('the limits are inclusive', async () => {
  const files = [rawEntry({ name: 'a/b/c', body: 'four' }), rawEntry({ name: 'd' })]
  const bytes = archiveOf(...files)
  const exact = {
    maxCompressedBytes: bytes.byteLength,
    maxUnpackedBytes: 5 * 512,
    maxEntries: 2,
    maxDepth: 3,
    maxPathBytes: 5,
    maxFileBytes: 4,
  }
  await inspect(bytes, exact)
  const rules = {
    maxCompressedBytes: 'compressed-size',
    maxUnpackedBytes: 'unpacked-size',
    maxEntries: 'entries',
    maxDepth: 'depth',
    maxPathBytes: 'path-length',
    maxFileBytes: 'file-size',
  } as const
  for (const [name, rule] of Object.entries(rules)) {
    const limit = exact[name as keyof typeof exact]
    await refused(rule, inspect(bytes, { ...exact, [name]: limit - 1 }))
  }
})

test('one top folder is left out where the caller says so', async () => {
  const isTopFolder = (name: string) => name === 'acme-json-1.0.0'
  const inside = rawEntry({ name: 'acme-json-1.0.0/src/a' })
  const listed = rawEntry({ name: 'acme-json-1.0.0/', type: '5' })
  for (const entries of [[inside], [listed, inside]]) {
    const { files, topFolder } = await inspect(archiveOf(...entries), { isTopFolder })
    assert.deepEqual([files[0]?.path, topFolder], ['src/a', 'acme-json-1.0.0'])
  }
  const kept = await inspect(archiveOf(rawEntry({ name: 'src/a' }), inside), { isTopFolder })
  assert.deepEqual([kept.files[0]?.path, kept.topFolder], ['src/a', undefined])
  const asFile = archiveOf(rawEntry({ name: 'acme-json-1.0.0' }))
  assert.equal((await inspect(asFile, { isTopFolder })).topFolder, undefined)
  for (const name of ['src/a', 'other', 'ACME/x', 'x/']) {
    const entry = rawEntry({ name, type: name.endsWith('/') ? '5' : '0' })
    await refused('top-folder', inspect(archiveOf(inside, entry), { isTopFolder }))
  }
})

test('what the source throws passes unchanged, and a source is told when no more is wanted', async () => {
  const lost = new Error('the client went away')
  const cut = async function* () {
    yield archiveOf(rawEntry({ name: 'a', body: noise(5000) })).subarray(0, 3000)
    throw lost
  }
  await assert.rejects(inspectArchive(cut(), testLimits), (error) => error === lost)
  let isStopped = false
  const endless = async function* () {
    try {
      for (;;) yield noise(1000)
    } finally {
      isStopped = true
    }
  }
  await refused('gzip-header', inspectArchive(endless(), testLimits))
  assert.ok(isStopped)
})

test('nothing is written, neither here nor where the paths lead', async () => {
  const outer = await mkdtemp(join(tmpdir(), 'entrepot-archives-'))
  const inner = await mkdtemp(join(outer, 'inner-'))
  const before = process.cwd()
  process.chdir(inner)
  try {
    for (const { make } of [...hostileTars, ...hostileLongNames, ...goodArchives]) {
      await inspect(make(), {}, () => 1000).catch(() => {})
    }
    assert.equal((await readdir(outer, { recursive: true })).length, 1)
  } finally {
    process.chdir(before)
    await rm(outer, { recursive: true })
  }
})

test('damaged archives are taken or refused, never worse', async () => {
  await holds(300, fc.nat(), inspectMutated)
})

function inspect(bytes: Uint8Array, limits: Partial<ArchiveLimits> = {}, want?: WantFile) {
  const all: ArchiveLimits = { ...testLimits, ...limits }
  return inspectArchive(chunks(bytes, 65_536), all, want)
}

async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size)
}

async function refused(rule: string, inspected: Promise<unknown>): Promise<void> {
  const error = await refusalOf(inspected)
  assert.equal(error.details.rule, rule, error.message)
}

async function refusalOf(inspected: Promise<unknown>): Promise<RegistryError> {
  const error = await inspected.then(
    () => assert.fail('it was taken'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof RegistryError, String(error))
  assert.equal(error.code, 'unprocessable')
  return error
}

function sha256(bytes: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
