import { createHash } from 'node:crypto'
import type { App } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import { newPartId, newUploadId } from '#core/uploads/upload.ts'
import { Handoff } from './handoff.ts'

/** An archive in the blob store, not yet a blob, and what its ecosystem found in it. */
export interface ReceivedArchive<T> {
  readonly partId: string
  readonly digest: string
  readonly size: number
  readonly inspected: T
}

/** How an ecosystem takes archives. */
export interface ArchiveReception<T> {
  readonly maxBytes: number
  /** Reads the archive as it comes; what it throws refuses the archive. */
  inspect(source: AsyncIterable<Uint8Array>): Promise<T>
}

/** Writes an archive into the blob store and inspects it on the way; what is refused is not kept. */
export async function receiveArchive<T>(
  app: App,
  body: AsyncIterable<Uint8Array>,
  { maxBytes, inspect }: ArchiveReception<T>,
): Promise<ReceivedArchive<T>> {
  const partId = newPartId(newUploadId())
  const handoff = new Handoff()
  const inspecting = settle(inspect(handoff), () => handoff.close())
  const hash = createHash('sha256')
  const written = await app.blobs
    .writePart(partId, handoff.passing(body, hash), maxBytes)
    .finally(() => handoff.close())
  const inspection = await inspecting
  try {
    if (written.failure !== undefined) throw written.failure
    if ('failure' in inspection) throw inspection.failure
    if (written.size === 0) throw new RegistryError('unprocessable', 'the archive is empty')
  } catch (error) {
    await app.blobs.abort(partId)
    throw error
  }
  const digest = `sha256:${hash.digest('hex')}`
  return { partId, digest, size: written.size, inspected: inspection.value }
}

/** A part that no release used up goes again; one that was used up is not there to go. */
export async function abortingOnFailure<T>(
  app: App,
  { partId }: { readonly partId: string },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    await app.blobs.abort(partId)
    throw error
  }
}

/** The outcome of a promise that is waited for later. */
async function settle<T>(
  promise: Promise<T>,
  onEnd: () => void,
): Promise<{ value: T } | { failure: unknown }> {
  try {
    return { value: await promise }
  } catch (failure) {
    return { failure }
  } finally {
    onEnd()
  }
}
