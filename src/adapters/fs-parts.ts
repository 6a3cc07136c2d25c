import { createHash } from 'node:crypto'
import { closeSync, fdatasync, fstatSync, futimesSync, open, openSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { WrittenPart } from '#core/blobs/store.ts'
import { RegistryError } from '#core/errors.ts'
import { type BodyEnd, inBatches } from './fs-batches.ts'
import type { Directories } from './fs-directories.ts'
import {
  asStorageError,
  entries,
  hasCode,
  isOlder,
  readPieces,
  remove,
  writeAll,
  writeAllNow,
} from './fs-files.ts'

const datasync = promisify(fdatasync)
const openFile = promisify(open)

const ID = /^[A-Za-z0-9_-]{10,64}$/
/** Parts whose digest is remembered; forgetting one costs reading it again. */
const MAX_REMEMBERED = 10_000
const TOUCH_AFTER_MS = 60_000
/** Up to here a write into the page cache is cheaper than handing it to another thread. */
const SMALL_BYTES = 64 * 1024

/** A digest taken apart. */
export interface Digest {
  readonly algorithm: string
  readonly hex: string
}

/** Parts of uploads: one file each, written once by one process and then never again. */
export class Parts {
  readonly #directories: Directories
  readonly #root: string
  /** SHA-256 of parts written here, in hexadecimal. */
  readonly #sha256 = new Map<string, string>()

  constructor(directories: Directories, root: string) {
    this.#directories = directories
    this.#root = root
  }

  /** See BlobStore.writePart. */
  async write(id: string, body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<WrittenPart> {
    const path = this.pathOf(id)
    // On another thread: while others sync, the file system may keep who makes a file waiting.
    const file = await openFile(path, 'wx').catch((error) => {
      throw asStorageError(error)
    })
    const end: BodyEnd = {}
    const hash = createHash('sha256')
    let size = 0
    try {
      for await (const bytes of inBatches(body, maxBytes, end)) {
        if (bytes.length <= SMALL_BYTES) {
          writeAllNow(file, bytes, size)
          hash.update(bytes)
        } else {
          const writing = writeAll(file, bytes, size)
          // Hashed here while another thread writes.
          hash.update(bytes)
          await writing
        }
        size += bytes.length
      }
    } catch (error) {
      await remove(path).catch(() => {})
      throw asStorageError(error)
    } finally {
      closeSync(file)
    }
    this.#remember(id, hash.digest('hex'))
    return end.failure === undefined ? { size } : { size, failure: end.failure }
  }

  /** Throws `digest_invalid` unless the part's bytes have this digest. */
  async check(id: string, expected: Digest): Promise<void> {
    const hex = await this.#digest(id, expected.algorithm)
    if (hex === expected.hex) return
    throw new RegistryError('digest_invalid', `the bytes have digest ${expected.algorithm}:${hex}`)
  }

  /** Writes what several parts hold, in order, into one new part. */
  async join(ids: readonly string[], into: string): Promise<void> {
    const paths = ids.map((id) => this.pathOf(id))
    const { failure } = await this.write(into, readAll(paths), Number.POSITIVE_INFINITY)
    if (failure === undefined) return
    await this.abort(into)
    throw explain(failure)
  }

  /** Makes a part the durable file `target` and tells its size. The part is used up. */
  async moveTo(id: string, target: string): Promise<number> {
    const path = this.pathOf(id)
    const directory = dirname(target)
    await this.#directories.make(directory)
    // Names and attributes are changed at once: that costs less than handing it to another thread.
    // What waits for the disk does not block.
    const file = openNow(path)
    try {
      const { size, mtimeMs } = fstatSync(file)
      // An old part must not look like an orphan between its renaming and its row in the database.
      if (Date.now() - mtimeMs > TOUCH_AFTER_MS) futimesSync(file, new Date(), new Date())
      await this.#rename(path, target)
      // Together they share a commit of the file system's journal. Until both are through, nobody
      // knows the locator: a crash leaves an orphan, not a blob without its bytes.
      await Promise.all([this.#sync(file, target), this.#directories.sync(directory)])
      this.#sha256.delete(id)
      return size
    } catch (error) {
      throw asStorageError(explain(error))
    } finally {
      closeSync(file)
    }
  }

  /** See BlobStore.abort. */
  async abort(id: string): Promise<void> {
    this.#sha256.delete(id)
    if (ID.test(id)) await remove(this.pathOf(id))
  }

  /** See BlobStore.listParts. */
  async *list(olderThan: Date): AsyncIterable<string> {
    for await (const { name } of entries(this.#root)) {
      if (ID.test(name) && (await isOlder(join(this.#root, name), olderThan))) yield name
    }
  }

  /** Where a part's file is. Throws `upload_unknown` for what cannot be a part. */
  pathOf(id: string): string {
    if (!ID.test(id)) throw new RegistryError('upload_unknown', 'no such part of an upload')
    return join(this.#root, id)
  }

  async #digest(id: string, algorithm: string): Promise<string> {
    const known = algorithm === 'sha256' ? this.#sha256.get(id) : undefined
    if (known !== undefined) return known
    const hash = createHash(algorithm)
    try {
      for await (const bytes of readPieces(this.pathOf(id))) hash.update(bytes)
    } catch (error) {
      throw explain(error)
    }
    return hash.digest('hex')
  }

  async #rename(path: string, target: string): Promise<void> {
    try {
      renameSync(path, target)
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error
      // Somebody deleted the folder that we remember, or another finish was faster.
      this.#directories.forget(dirname(target))
      await this.#directories.make(dirname(target))
      renameSync(path, target)
    }
  }

  async #sync(file: number, path: string): Promise<void> {
    try {
      await datasync(file)
    } catch (error) {
      // Trying again would lie: the system reports lost pages once. The part has to be sent again.
      await remove(path)
      throw error
    }
  }

  #remember(id: string, hex: string): void {
    this.#sha256.set(id, hex)
    if (this.#sha256.size <= MAX_REMEMBERED) return
    const [oldest] = this.#sha256.keys()
    if (oldest !== undefined) this.#sha256.delete(oldest)
  }
}

async function* readAll(paths: readonly string[]): AsyncIterable<Uint8Array> {
  for (const path of paths) yield* readPieces(path)
}

/** A part's file that is gone was aborted, or used up by another finish. */
function explain(error: unknown): unknown {
  if (!hasCode(error, 'ENOENT')) return error
  return new RegistryError('upload_unknown', 'a part of the upload is gone', { cause: error })
}

/** Throws `upload_unknown` for a part that is not there. */
function openNow(path: string): number {
  try {
    return openSync(path, 'r+')
  } catch (error) {
    throw asStorageError(explain(error))
  }
}
