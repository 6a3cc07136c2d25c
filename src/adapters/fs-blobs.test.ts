import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from '#runtime/test.ts'
import { chunks, newId, rejects, sha256 } from '#test/blob-bodies.ts'
import { blobStoreContract } from '#test/blob-store-contract.ts'
import { openFsBlobs } from './fs-blobs.ts'

const MAX = 1024 * 1024 * 1024
const SMALL_DISK_BYTES = 1024 * 1024

blobStoreContract('file system', async () => {
  const root = await mkdtemp(join(tmpdir(), 'entrepot-blobs-'))
  return {
    store: await openFsBlobs(root),
    openTwin: () => openFsBlobs(root),
    close: () => rm(root, { recursive: true }),
  }
})

describe('file system blobs', () => {
  let root = ''
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'entrepot-blobs-'))
  })
  after(() => rm(root, { recursive: true }))

  test('a locator is the path of a file that has the bytes', async () => {
    const store = await openFsBlobs(root)
    const bytes = randomBytes(1000)
    const { locator } = await store.put(sha256(bytes), bytes)
    const hex = sha256(bytes).slice('sha256:'.length)
    assert.match(locator, new RegExp(`^sha256/[0-9a-f]{2}/${hex}-`))
    const { path } = await store.open(locator)
    assert.equal(path, join(root, locator))
    assert.deepEqual(await readFile(path ?? ''), bytes)
    assert.equal((await readdir(join(root, 'uploads'))).length, 0)
  })

  test('a file under a final name is complete', async () => {
    const store = await openFsBlobs(root)
    const bytes = randomBytes(3_000_000)
    const digest = sha256(bytes)
    const pushing = Array.from({ length: 16 }, async () => {
      const id = newId()
      await store.writePart(id, chunks(bytes, 65_536), MAX)
      return store.finish([id], digest)
    })
    let isDone = false
    const looking = (async () => {
      let seen = 0
      for (let isLast = false; !isLast; ) {
        isLast = isDone
        for await (const locator of store.listLocators(new Date(Date.now() + 60_000))) {
          if (!locator.includes(digest.slice(7))) continue
          seen++
          assert.equal((await stat(join(root, locator))).size, bytes.length)
        }
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
      return seen
    })()
    await Promise.all(pushing)
    isDone = true
    assert.ok((await looking) >= 16)
  })

  test('what a crash leaves is listed and can be aborted; strange files are left alone', async () => {
    const store = await openFsBlobs(root)
    const id = newId()
    await writeFile(join(root, 'uploads', id), 'half')
    await writeFile(join(root, 'uploads', 'README.txt'), 'not ours')
    await writeFile(join(root, 'sha256', 'stray'), 'not ours')
    const tomorrow = new Date(Date.now() + 86_400_000)
    const parts: string[] = []
    for await (const part of store.listParts(tomorrow)) parts.push(part)
    assert.deepEqual(parts, [id])
    for await (const locator of store.listLocators(tomorrow)) assert.match(locator, /^sha256\/../)
    await store.abort(id)
    assert.deepEqual(await readdir(join(root, 'uploads')), ['README.txt'])
  })

  test('a fan-out folder that somebody deleted is made again', async () => {
    const store = await openFsBlobs(root)
    const bytes = randomBytes(100)
    const { locator } = await store.put(sha256(bytes), bytes)
    await rm(join(root, locator.slice(0, 9)), { recursive: true })
    const again = await store.put(sha256(bytes), bytes)
    assert.equal(await store.size(again.locator), 100)
  })
})

const mounted = mountSmallDisk()

describe('file system blobs on a small disk', () => {
  after(() => {
    if (mounted.root === undefined) return
    execFileSync('umount', [mounted.root])
    rmSync(mounted.root, { recursive: true })
  })

  test('a full disk is storage_full, loses nothing and recovers', {
    skip: mounted.refusal,
  }, async () => {
    const root = join(mounted.root ?? '', 'blobs')
    const store = await openFsBlobs(root)
    const kept = randomBytes(200_000)
    const { locator } = await store.put(sha256(kept), kept)
    const first = newId()
    const bytes = randomBytes(300_000)
    await store.writePart(first, chunks(bytes, 65_536), MAX)
    const large = randomBytes(SMALL_DISK_BYTES)
    for (let i = 0; i < 3; i++) {
      const second = newId()
      await rejects(store.writePart(second, chunks(large, 65_536), MAX), 'storage_full')
      await rejects(store.put(sha256(large), large), 'storage_full')
      await rejects(store.finish([first, second], sha256(large)), 'upload_unknown')
    }
    assert.deepEqual(await readdir(join(root, 'uploads')), [first])
    const small = newId()
    await store.writePart(small, chunks(kept, 65_536), MAX)
    await rejects(
      store.finish([first, small], sha256(Buffer.concat([bytes, kept]))),
      'storage_full',
    )
    await store.delete(locator)
    await store.abort(small)
    await store.check()
    const stored = await store.finish([first], sha256(bytes))
    assert.equal(await store.size(stored.locator), bytes.length)
  })
})

/** A file system of one megabyte, where we are allowed to mount one. */
function mountSmallDisk(): { root?: string; refusal?: string } {
  const root = mkdtempSync(join(tmpdir(), 'entrepot-small-'))
  try {
    const size = `size=${SMALL_DISK_BYTES}`
    execFileSync('mount', ['-t', 'tmpfs', '-o', size, 'tmpfs', root], { stdio: 'pipe' })
    return { root }
  } catch {
    rmSync(root, { recursive: true })
    return { refusal: 'not allowed to mount a small tmpfs here (needs root)' }
  }
}
