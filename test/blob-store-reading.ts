import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { BlobStore } from '#core/blobs/store.ts'
import { test } from '#runtime/test.ts'
import { chunks, collect, list, newId, rejects, sha256, sha512 } from './blob-bodies.ts'

const MAX = 1024 * 1024 * 1024
const FUTURE = new Date(Date.now() + 86_400_000)
const PAST = new Date(Date.now() - 86_400_000)

/** Opening, ranges, deleting, listing. */
export function testReading(subject: () => BlobStore): void {
  test('ranges', async () => {
    const store = subject()
    const bytes = randomBytes(1_000_000)
    const { locator } = await store.put(sha256(bytes), bytes)
    for (const [start, end] of [
      [0, 1],
      [0, 1_000_000],
      [999_999, 1_000_000],
      [262_143, 524_289],
      [5, 5],
    ] as const) {
      const { stream } = await store.open(locator, { start, end })
      assert.deepEqual(await collect(stream()), bytes.subarray(start, end))
    }
  })

  test('a blob deleted while it is read is read to its end', async () => {
    const store = subject()
    const bytes = randomBytes(2_000_000)
    const { locator } = await store.put(sha256(bytes), bytes)
    const reader = (await store.open(locator)).stream().getReader()
    const first = await reader.read()
    await store.delete(locator)
    const read = [first.value ?? new Uint8Array()]
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      read.push(next.value)
    }
    assert.equal(sha256(Buffer.concat(read)), sha256(bytes))
    await rejects(store.open(locator), 'blob_unknown')
  })

  test('a reader may stop early', async () => {
    const store = subject()
    const bytes = randomBytes(2_000_000)
    const { locator } = await store.put(sha256(bytes), bytes)
    for (let i = 0; i < 200; i++) {
      const reader = (await store.open(locator)).stream().getReader()
      if (i % 2 === 0) await reader.read()
      await reader.cancel()
    }
  })

  test('lists only what is older', async () => {
    const store = subject()
    const bytes = randomBytes(100)
    const { locator } = await store.put(sha256(bytes), bytes)
    const long = await store.put(sha512(bytes), bytes)
    const id = newId()
    await store.writePart(id, chunks(bytes), MAX)
    const locators = await list(store.listLocators(FUTURE))
    assert.ok(locators.includes(locator) && locators.includes(long.locator))
    assert.equal(new Set(locators).size, locators.length)
    assert.ok((await list(store.listParts(FUTURE))).includes(id))
    assert.deepEqual(await list(store.listLocators(PAST)), [])
    assert.deepEqual(await list(store.listParts(PAST)), [])
    await store.abort(id)
  })
}

/** Names that nobody honest would use. */
export function testHostile(subject: () => BlobStore): void {
  test('a locator that the store never made names nothing', async () => {
    const store = subject()
    const { locator } = await store.put(sha256(Buffer.from('x')), Buffer.from('x'))
    const hostile = [
      '',
      '.',
      '..',
      '/etc/passwd',
      '../../etc/passwd',
      `../${locator}`,
      `./${locator}`,
      `/${locator}`,
      `${locator}/`,
      `${locator}\n`,
      `${locator}\0`,
      `x/../${locator}`,
      locator.toUpperCase(),
      locator.slice(0, -1),
      locator.replace('sha256', 'md5'),
      'uploads',
      'x'.repeat(100_000),
    ]
    for (const bad of hostile) {
      await rejects(store.open(bad), 'blob_unknown')
      assert.equal(await store.size(bad), undefined)
      await store.delete(bad)
    }
    assert.equal(await store.size(locator), 1)
  })

  test('an id that cannot be is upload_unknown', async () => {
    const store = subject()
    const body = () => chunks(Buffer.from('x'))
    for (const bad of [
      '',
      'short',
      '../../../etc/x',
      '..........',
      'a/bcdefghijk',
      `x${'y'.repeat(64)}`,
      'abcdefghij\n',
      'abcdefghi\0',
    ]) {
      await rejects(store.writePart(bad, body(), MAX), 'upload_unknown')
      await rejects(store.finish([bad], sha256(Buffer.from('x'))), 'upload_unknown')
      await store.abort(bad)
    }
  })

  test('a digest that cannot be is digest_invalid', async () => {
    const store = subject()
    const good = sha256(Buffer.alloc(0))
    for (const bad of [
      '',
      'sha256',
      'sha256:',
      `${good}0`,
      good.toUpperCase(),
      `${good}\n`,
      'md5:d41d8cd98f00b204e9800998ecf8427e',
      'sha256:../../../etc/passwd',
    ]) {
      await rejects(store.finish([], bad), 'digest_invalid')
      await rejects(store.put(bad, Buffer.alloc(0)), 'digest_invalid')
    }
  })
}
