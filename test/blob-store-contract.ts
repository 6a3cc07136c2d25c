import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import type { BlobStore } from '#core/blobs/store.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { chunks, list, newId, readAll, rejects, sha256, sha512, thenThrow } from './blob-bodies.ts'

/** A store under test; `close` throws it away. */
export interface OpenedBlobStore {
  readonly store: BlobStore
  /** The same store as another process would open it. */
  openTwin(): Promise<BlobStore>
  close(): Promise<void>
}

import { testHostile, testReading } from './blob-store-reading.ts'

const MAX = 1024 * 1024 * 1024
const FUTURE = new Date(Date.now() + 86_400_000)

/** What every blob store must do. */
export function blobStoreContract(name: string, open: () => Promise<OpenedBlobStore>): void {
  describe(`blob store: ${name}`, () => {
    let opened: OpenedBlobStore
    before(async () => {
      opened = await open()
    })
    after(() => opened.close())
    const subject = (): BlobStore => opened.store
    testParts(subject)
    testLimits(subject)
    testFinish(subject)
    testPut(subject)
    testReading(subject)
    testHostile(subject)
    testTwoProcesses(subject, () => opened.openTwin())
    testLarge(subject)
  })
}

function testParts(subject: () => BlobStore): void {
  test('a part becomes a blob', async () => {
    const store = subject()
    const bytes = randomBytes(200_000)
    const id = newId()
    assert.deepEqual(await store.writePart(id, chunks(bytes, 65_536), MAX), { size: 200_000 })
    const stored = await store.finish([id], sha256(bytes))
    assert.equal(stored.size, 200_000)
    assert.deepEqual(await readAll(store, stored.locator), bytes)
    await rejects(store.finish([id], sha256(bytes)), 'upload_unknown')
  })

  test('a body of odd chunks arrives whole', async () => {
    const store = subject()
    const bytes = randomBytes(3 * 1024 * 1024 + 7)
    for (const sizes of [[1], [65_536], [1024 * 1024], [2_500_000], [0, 1, 1_048_575, 1, 0, 9]]) {
      const id = newId()
      const part = bytes.subarray(0, sizes[0] === 1 ? 5000 : bytes.length)
      assert.deepEqual(await store.writePart(id, chunks(part, ...sizes), MAX), {
        size: part.length,
      })
      const { locator } = await store.finish([id], sha256(part))
      assert.equal(sha256(await readAll(store, locator)), sha256(part))
    }
  })

  test('a body that throws leaves what came before', async () => {
    const store = subject()
    const bytes = randomBytes(1_500_000)
    const gone = new Error('client went away')
    const id = newId()
    const part = await store.writePart(id, thenThrow(chunks(bytes, 65_536), gone), MAX)
    assert.deepEqual(part, { size: bytes.length, failure: gone })
    const rest = randomBytes(1000)
    const second = newId()
    await store.writePart(second, chunks(rest, 100), MAX)
    const whole = Buffer.concat([bytes, rest])
    const { locator } = await store.finish([id, second], sha256(whole))
    assert.equal(sha256(await readAll(store, locator)), sha256(whole))
  })

  test('a body that throws at once is an empty part', async () => {
    const store = subject()
    const id = newId()
    const part = await store.writePart(id, thenThrow(chunks(Buffer.alloc(0)), 'gone'), MAX)
    assert.deepEqual(part, { size: 0, failure: 'gone' })
    assert.equal((await store.finish([id], sha256(Buffer.alloc(0)))).size, 0)
  })
}

function testLimits(subject: () => BlobStore): void {
  test('a part may be exactly as long as allowed, and no longer', async () => {
    const store = subject()
    const bytes = randomBytes(100_000)
    const id = newId()
    await rejects(store.writePart(id, chunks(bytes, 10_000), 99_999), 'too_large')
    await rejects(store.finish([id], sha256(bytes)), 'upload_unknown')
    const exact = newId()
    assert.deepEqual(await store.writePart(exact, chunks(bytes, 10_000), 100_000), {
      size: 100_000,
    })
    await store.abort(exact)
  })

  test('a part that is too long stops the body', async () => {
    let asked = 0
    let isReturned = false
    async function* endless() {
      try {
        for (;;) {
          asked++
          yield new Uint8Array(10_000)
        }
      } finally {
        isReturned = true
      }
    }
    await rejects(subject().writePart(newId(), endless(), 25_000), 'too_large')
    assert.equal(asked, 3)
    assert.equal(isReturned, true)
  })

  test('abort forgets a part and says nothing when there is none', async () => {
    const store = subject()
    const bytes = randomBytes(100)
    const id = newId()
    await store.writePart(id, chunks(bytes), MAX)
    await store.abort(id)
    await store.abort(id)
    await rejects(store.finish([id], sha256(bytes)), 'upload_unknown')
  })
}

function testFinish(subject: () => BlobStore): void {
  test('no parts are the empty blob', async () => {
    const store = subject()
    for (const digest of [sha256(Buffer.alloc(0)), sha512(Buffer.alloc(0))]) {
      const stored = await store.finish([], digest)
      assert.equal(stored.size, 0)
      assert.equal(await store.size(stored.locator), 0)
      assert.equal((await readAll(store, stored.locator)).length, 0)
    }
    await rejects(store.finish([], sha256(Buffer.from('x'))), 'digest_invalid')
  })

  test('a wrong digest keeps the parts', async () => {
    const store = subject()
    const [a, b] = [randomBytes(1000), randomBytes(1000)]
    const ids = [newId(), newId()] as const
    await store.writePart(ids[0], chunks(a), MAX)
    await store.writePart(ids[1], chunks(b), MAX)
    const wrong = sha256(Buffer.from('other'))
    const locators = await list(store.listLocators(FUTURE))
    await rejects(store.finish([ids[0]], wrong), 'digest_invalid')
    await rejects(store.finish(ids, wrong), 'digest_invalid')
    await rejects(store.finish(ids.toReversed(), sha256(Buffer.concat([a, b]))), 'digest_invalid')
    await rejects(store.finish([ids[0]], sha512(b)), 'digest_invalid')
    assert.deepEqual(await list(store.listLocators(FUTURE)), locators)
    const parts = await list(store.listParts(FUTURE))
    assert.ok(parts.includes(ids[0]) && parts.includes(ids[1]))
    assert.equal((await store.finish(ids, sha256(Buffer.concat([a, b])))).size, 2000)
    assert.ok(!(await list(store.listParts(FUTURE))).some((id) => ids.includes(id)))
  })

  test('sha512 is checked too', async () => {
    const store = subject()
    const bytes = randomBytes(70_000)
    const id = newId()
    await store.writePart(id, chunks(bytes, 30_000), MAX)
    const { locator } = await store.finish([id], sha512(bytes))
    assert.deepEqual(await readAll(store, locator), bytes)
  })

  test('a missing part is upload_unknown and the others are kept', async () => {
    const store = subject()
    const bytes = randomBytes(10)
    const id = newId()
    await store.writePart(id, chunks(bytes), MAX)
    await rejects(store.finish([id, newId()], sha256(bytes)), 'upload_unknown')
    assert.equal((await store.finish([id], sha256(bytes))).size, 10)
  })
}

function testPut(subject: () => BlobStore): void {
  test('the same bytes twice are two locators: deleting one keeps the other', async () => {
    const store = subject()
    const bytes = randomBytes(500)
    const first = await store.put(sha256(bytes), bytes)
    const second = await store.put(sha256(bytes), bytes)
    assert.notEqual(first.locator, second.locator)
    await store.delete(first.locator)
    await store.delete(first.locator)
    assert.equal(await store.size(first.locator), undefined)
    await rejects(store.open(first.locator), 'blob_unknown')
    assert.deepEqual(await readAll(store, second.locator), bytes)
  })

  test('many small blobs at once', async () => {
    const store = subject()
    const all = Array.from({ length: 100 }, () => randomBytes(10_000))
    const stored = await Promise.all(
      all.map(async (bytes, i) => {
        if (i % 2 === 0) return store.put(sha256(bytes), bytes)
        const id = newId()
        await store.writePart(id, chunks(bytes), MAX)
        return store.finish([id], sha256(bytes))
      }),
    )
    for (const [i, bytes] of all.entries()) {
      assert.deepEqual(await readAll(store, stored[i]?.locator ?? ''), bytes)
    }
  })

  test('one part finished twice at once gives at most one blob', async () => {
    const store = subject()
    const bytes = randomBytes(5000)
    const id = newId()
    await store.writePart(id, chunks(bytes), MAX)
    const results = await Promise.allSettled([1, 2, 3].map(() => store.finish([id], sha256(bytes))))
    const done = results.filter((result) => result.status === 'fulfilled')
    assert.equal(done.length, 1)
    for (const result of results) {
      if (result.status === 'rejected') assert.equal(result.reason.code, 'upload_unknown')
    }
  })

  test('the store says that it works', () => subject().check())
}

function testTwoProcesses(subject: () => BlobStore, openTwin: () => Promise<BlobStore>): void {
  test('parts written by two processes are finished by either', async () => {
    const stores = [subject(), await openTwin()]
    const pieces = Array.from({ length: 6 }, () => randomBytes(100_000))
    const whole = Buffer.concat(pieces)
    for (const finisher of stores) {
      const ids = pieces.map(() => newId())
      await Promise.all(
        pieces.map((piece, i) => stores[i % 2]?.writePart(ids[i] ?? '', chunks(piece, 9000), MAX)),
      )
      const { locator } = await finisher.finish(ids, sha256(whole))
      for (const reader of stores) {
        assert.equal(sha256(await readAll(reader, locator)), sha256(whole))
      }
    }
  })

  test('a part written by one process is finished by the other', async () => {
    const [store, twin] = [subject(), await openTwin()]
    const bytes = randomBytes(400_000)
    const id = newId()
    await store.writePart(id, chunks(bytes, 65_536), MAX)
    await rejects(twin.finish([id], sha256(Buffer.from('other'))), 'digest_invalid')
    const { locator, size } = await twin.finish([id], sha256(bytes))
    assert.equal(size, bytes.length)
    assert.equal(sha256(await readAll(store, locator)), sha256(bytes))
    await rejects(store.finish([id], sha256(bytes)), 'upload_unknown')
  })

  test('two processes storing at once do not disturb each other', async () => {
    const stores = [subject(), await openTwin()]
    const bytes = randomBytes(3000)
    const stored = await Promise.all(
      Array.from({ length: 60 }, (_, i) => stores[i % 2]?.put(sha256(bytes), bytes)),
    )
    assert.equal(new Set(stored.map((each) => each?.locator)).size, 60)
    for (const each of stored) {
      assert.deepEqual(await readAll(subject(), each?.locator ?? ''), bytes)
    }
  })
}

function testLarge(subject: () => BlobStore): void {
  test('300 MB pass through in little memory', { timeout: 120_000 }, async () => {
    const store = subject()
    const chunk = randomBytes(65_536)
    const hash = createHash('sha256')
    const [from, peak] = [process.memoryUsage().rss, { rss: 0 }]
    const look = () => {
      peak.rss = Math.max(peak.rss, process.memoryUsage().rss)
    }
    async function* body() {
      for (let i = 0; i < 4800; i++) {
        if (i % 50 === 0) look()
        hash.update(chunk)
        // A copy: a server gives every chunk its own memory.
        yield new Uint8Array(chunk)
      }
    }
    const id = newId()
    const { size } = await store.writePart(id, body(), MAX)
    const { locator } = await store.finish([id], `sha256:${hash.digest('hex')}`)
    let read = 0
    for await (const bytes of (await store.open(locator)).stream()) {
      read += bytes.length
      if (read % 4_194_304 < 262_144) look()
    }
    assert.equal(read, size)
    await store.delete(locator)
    const grownMegabytes = (peak.rss - from) / 1024 / 1024
    assert.ok(grownMegabytes < 60, `grew by ${grownMegabytes.toFixed(0)} MB`)
  })
}
