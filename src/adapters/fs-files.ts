import { type Dirent, type Stats, write, writeSync } from 'node:fs'

import { type FileHandle, open, opendir, stat, unlink } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { ByteRange } from '#core/blobs/store.ts'
import { RegistryError } from '#core/errors.ts'

const READ_BYTES = 256 * 1024

/** Whether a failed system call says one of these codes. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

/** A failure of the disk in the registry's words, where it has one. */
export function asStorageError(error: unknown): unknown {
  if (!hasCode(error, 'ENOSPC', 'EDQUOT')) return error
  return new RegistryError('storage_full', 'the blob store is out of space', { cause: error })
}

/** The result, or undefined when it failed for want of the file. */
async function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

/** Deletes a file; says nothing when there is none. */
export async function remove(path: string): Promise<void> {
  await ifThere(unlink(path))
}

/** What the file system knows of a file; undefined when there is none. */
export function statIfThere(path: string): Promise<Stats | undefined> {
  return ifThere(stat(path))
}

/** True for a file last written before `time`. */
export async function isOlder(path: string, time: Date): Promise<boolean> {
  const found = await statIfThere(path)
  return found !== undefined && found.mtimeMs < time.getTime()
}

/** The entries of a directory, a few at a time; none when it does not exist. */
export async function* entries(path: string): AsyncIterable<Dirent> {
  const directory = await ifThere(opendir(path))
  if (directory) yield* directory
}

const writeSome = promisify(write)

/** Writes all bytes at a position. */
export async function writeAll(file: number, bytes: Uint8Array, at: number): Promise<void> {
  let done = 0
  // A nearly full disk takes a part of them and refuses the rest at the next call.
  while (done < bytes.length) {
    const { bytesWritten } = await writeSome(file, bytes, done, bytes.length - done, at + done)
    done += bytesWritten
  }
}

/** The same at once, for few bytes. */
export function writeAllNow(file: number, bytes: Uint8Array, at: number): void {
  let done = 0
  while (done < bytes.length) {
    done += writeSync(file, bytes, done, bytes.length - done, at + done)
  }
}

/** The bytes of a file, never more than a piece of it in memory. */
export async function* readPieces(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path)
  try {
    for (let position = 0; ; ) {
      const bytes = await readSome(file, position, Number.POSITIVE_INFINITY)
      if (bytes.length === 0) return
      position += bytes.length
      yield bytes
    }
  } finally {
    await file.close()
  }
}

/** Reads on demand: a reader that stops asking costs one open file and no memory. */
export function streamFile(path: string, range: ByteRange | undefined): ReadableStream<Uint8Array> {
  // At once, not at the first read: from here on a deletion does not disturb this reader.
  const opening = open(path)
  let position = range?.start ?? 0
  const end = range?.end ?? Number.POSITIVE_INFINITY
  return new ReadableStream<Uint8Array>(
    {
      async start() {
        await opening
      },
      async pull(controller) {
        const file = await opening
        try {
          const bytes = await readSome(file, position, end)
          position += bytes.length
          if (bytes.length > 0) controller.enqueue(bytes)
          if (bytes.length > 0 && position < end) return
        } catch (error) {
          await file.close()
          throw error
        }
        await file.close()
        controller.close()
      },
      async cancel() {
        await (await opening).close()
      },
    },
    { highWaterMark: 0 },
  )
}

async function readSome(file: FileHandle, position: number, end: number): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, Math.max(end - position, 0)))
  if (buffer.length === 0) return buffer
  const { bytesRead } = await file.read(buffer, 0, buffer.length, position)
  return buffer.subarray(0, bytesRead)
}
