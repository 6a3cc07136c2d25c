import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import type { BlobStore } from '#core/blobs/store.ts'
import { RegistryError } from '#core/errors.ts'

/** A fresh part id. */
export function newId(): string {
  return randomBytes(16).toString('base64url')
}

/** `sha256:…` of bytes. */
export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

/** A body that comes in pieces of these sizes, again and again; whole without any. */
export async function* chunks(bytes: Uint8Array, ...sizes: number[]): AsyncGenerator<Uint8Array> {
  let start = 0
  for (let i = 0; start < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? bytes.length
    yield bytes.subarray(start, start + size)
    start += size
  }
}

/** Fails unless the promise is refused with this code. */
export async function rejects(promise: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof RegistryError, `not a RegistryError: ${error}`)
    assert.equal(error.code, code)
    return true
  })
}

/** A body that fails after its last chunk. */
export async function* thenThrow(
  body: AsyncIterable<Uint8Array>,
  error: unknown,
): AsyncGenerator<Uint8Array> {
  yield* body
  throw error
}

/** `sha512:…` of bytes. */
export function sha512(bytes: Uint8Array): string {
  return `sha512:${createHash('sha512').update(bytes).digest('hex')}`
}

/** Everything under a locator. */
export async function readAll(store: BlobStore, locator: string): Promise<Buffer> {
  return collect((await store.open(locator)).stream())
}

/** Everything a stream gives. */
export async function collect(stream: ReadableStream<Uint8Array>): Promise<Buffer> {
  const read: Uint8Array[] = []
  for await (const bytes of stream) read.push(bytes)
  return Buffer.concat(read)
}

/** Everything listed, sorted. */
export async function list(ids: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = []
  for await (const id of ids) found.push(id)
  return found.sort()
}
