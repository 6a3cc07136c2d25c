import { randomBytes } from 'node:crypto'
import { access, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { BlobStore, StoredBlob } from '#core/blobs/store.ts'
import { RegistryError } from '#core/errors.ts'
import { Directories } from './fs-directories.ts'
import { entries, hasCode, isOlder, remove, statIfThere, streamFile } from './fs-files.ts'
import { type Digest, Parts } from './fs-parts.ts'

const ALGORITHMS = ['sha256', 'sha512']
const FILES_IN_A_ROW = 256
const DIGEST = /^(?:(sha256):([0-9a-f]{64})|(sha512):([0-9a-f]{128}))$/
const SHA256_FILE = /^sha256\/[0-9a-f]{2}\/[0-9a-f]{64}-[A-Za-z0-9_-]{8}$/
const SHA512_FILE = /^sha512\/[0-9a-f]{2}\/[0-9a-f]{128}-[A-Za-z0-9_-]{8}$/

/**
 * Blobs as files under `root`: `<algorithm>/<folder>/<hex>-<random>`, which is also the locator; parts of uploads as `uploads/<id>`. A file is complete before it gets its final name, and durable
 * before anybody learns its locator. Any number of processes may share a root. Nothing is scanned at start.
 */
export async function openFsBlobs(root: string): Promise<BlobStore> {
  const base = resolve(root)
  const directories = new Directories(base)
  for (const name of ['uploads', ...ALGORITHMS]) await directories.make(join(base, name))
  const parts = new Parts(directories, join(base, 'uploads'))
  return fsBlobs({ root: base, parts, folders: new Folders() })
}

function fsBlobs(store: Store): BlobStore {
  const { root, parts } = store
  return {
    kind: 'filesystem',
    writePart: (id, body, maxBytes) => parts.write(id, body, maxBytes),
    finish: async (ids, digest) => finish(store, ids, parseDigest(digest)),
    put: async (digest, bytes) => put(store, parseDigest(digest), bytes),
    abort: (id) => parts.abort(id),
    async open(locator, range) {
      const path = pathOf(root, locator)
      if (path === undefined) throw unknown(locator)
      await access(path).catch((error) => {
        throw hasCode(error, 'ENOENT', 'ENOTDIR') ? unknown(locator) : error
      })
      return { path, stream: () => streamFile(path, range) }
    },
    async size(locator) {
      const path = pathOf(root, locator)
      return path === undefined ? undefined : (await statIfThere(path))?.size
    },
    async delete(locator) {
      const path = pathOf(root, locator)
      if (path !== undefined) await remove(path)
    },
    listLocators: (olderThan) => listLocators(root, olderThan),
    listParts: (olderThan) => parts.list(olderThan),
    check: () => check(parts),
  }
}

interface Store {
  readonly root: string
  readonly parts: Parts
  readonly folders: Folders
}

async function finish(store: Store, ids: readonly string[], digest: Digest): Promise<StoredBlob> {
  const { root, parts } = store
  const locator = newLocator(store, digest)
  const [only] = ids
  if (only !== undefined && ids.length === 1) {
    await parts.check(only, digest)
    return { locator, size: await parts.moveTo(only, join(root, locator)) }
  }
  const whole = randomId()
  await parts.join(ids, whole)
  try {
    await parts.check(whole, digest)
    const size = await parts.moveTo(whole, join(root, locator))
    await Promise.all(ids.map((id) => parts.abort(id)))
    return { locator, size }
  } catch (error) {
    await parts.abort(whole)
    throw error
  }
}

async function put(store: Store, digest: Digest, bytes: Uint8Array): Promise<StoredBlob> {
  const { root, parts } = store
  const id = randomId()
  const locator = newLocator(store, digest)
  await parts.write(id, once(bytes), bytes.length)
  try {
    return { locator, size: await parts.moveTo(id, join(root, locator)) }
  } catch (error) {
    await parts.abort(id)
    throw error
  }
}

async function* listLocators(root: string, olderThan: Date): AsyncIterable<string> {
  for (const algorithm of ALGORITHMS) {
    for await (const directory of subdirectories(root, algorithm)) {
      for await (const { name } of entries(join(root, directory))) {
        const locator = `${directory}/${name}`
        const path = pathOf(root, locator)
        if (path !== undefined && (await isOlder(path, olderThan))) yield locator
      }
    }
  }
}

async function* subdirectories(root: string, algorithm: string): AsyncIterable<string> {
  for await (const { name } of entries(join(root, algorithm))) yield `${algorithm}/${name}`
}

async function check(parts: Parts): Promise<void> {
  const id = randomId()
  const written = Buffer.from(id)
  try {
    await parts.write(id, once(written), written.length)
    const read = await readFile(parts.pathOf(id))
    if (!written.equals(read)) throw new Error('the blob store reads back other bytes than written')
  } finally {
    await parts.abort(id)
  }
}

function parseDigest(digest: string): Digest {
  const [, sha256, hex256, sha512, hex512] = DIGEST.exec(digest) ?? []
  const algorithm = sha256 ?? sha512
  const hex = hex256 ?? hex512
  if (algorithm !== undefined && hex !== undefined) return { algorithm, hex }
  throw new RegistryError('digest_invalid', 'a digest is sha256: or sha512: and lower-case hex')
}

function newLocator({ folders }: Store, { algorithm, hex }: Digest): string {
  return `${algorithm}/${folders.next()}/${hex}-${randomBytes(6).toString('base64url')}`
}

/**
 * Which of 256 folders the next file goes into: one for a while, not one for every digest. Blobs
 * that arrive together then share the fsync of their folder.
 */
class Folders {
  #folder = ''
  #left = 0

  next(): string {
    if (this.#left-- <= 0) {
      this.#folder = randomBytes(1).toString('hex')
      this.#left = FILES_IN_A_ROW
    }
    return this.#folder
  }
}

/** Where a locator's file is; undefined for anything that this store cannot have made. */
function pathOf(root: string, locator: string): string | undefined {
  const isOurs = SHA256_FILE.test(locator) || SHA512_FILE.test(locator)
  return isOurs ? join(root, locator) : undefined
}

function randomId(): string {
  return randomBytes(16).toString('base64url')
}

function unknown(locator: string): RegistryError {
  return new RegistryError('blob_unknown', 'the blob store has no such bytes', {
    details: { locator },
  })
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}
