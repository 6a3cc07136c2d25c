import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { RegistryError } from '#core/errors.ts'
import { test } from '#runtime/test.ts'
import { testLimits } from '#test/hostile-archives.ts'
import { archiveOf, rawEntry } from '#test/raw-tar.ts'
import { inspectArchive } from './inspect-archive.ts'

const MB = 1024 * 1024

test('memory stays flat, however much is unpacked', async () => {
  // In a process of its own: here, the garbage of other tests is in the way.
  const peakMb = (size: number) => {
    const code = `
      import { inspectArchive } from '#core/archives/inspect-archive.ts'
      import { streamedBomb } from '#test/raw-tar.ts'
      import { memoryOf } from '#test/server-process.ts'
      const limits = { ...${JSON.stringify(testLimits)}, maxUnpackedBytes: 2e9, maxFileBytes: 2e9 }
      const error = await inspectArchive(streamedBomb(${size}), limits).catch((thrown) => thrown)
      console.log(error.details.rule, Math.round(await memoryOf(process.pid, 'VmHWM') / ${MB}))`
    const flags = process.versions.bun ? [] : ['--input-type=module']
    const cwd = join(import.meta.dirname, '../../..')
    const said = execFileSync(process.execPath, [...flags, '-e', code], { cwd, encoding: 'utf8' })
    const [rule, peak] = said.trim().split(' ')
    assert.equal(rule, 'ratio')
    return Number(peak)
  }
  const small = peakMb(16 * MB)
  const large = peakMb(768 * MB)
  assert.ok(large - small < 120, `${small} MiB, but ${large} MiB with a large one`)
})

test('of a hundred thousand entries no more are read than may be', async () => {
  const archive = archiveOf(
    ...Array.from({ length: 100_000 }, (_, n) => rawEntry({ name: `f${n}` })),
  )
  const inspect = (maxEntries: number) =>
    inspectArchive(Readable.from([archive]), { ...testLimits, maxEntries, maxCompressedBytes: 1e9 })
  const refused = await inspect(testLimits.maxEntries).catch((error: unknown) => error)
  assert.ok(refused instanceof RegistryError)
  assert.equal(refused.details.rule, 'entries')
  const passed = await inspect(100_000).catch((error: unknown) => error)
  assert.ok(!(passed instanceof RegistryError) || passed.details.rule !== 'entries')
})
