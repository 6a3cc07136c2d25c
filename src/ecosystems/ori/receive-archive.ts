import { createHash } from 'node:crypto'
import type { App } from '#core/app.ts'
import type { ParsedName } from '#core/ecosystem.ts'
import { RegistryError } from '#core/errors.ts'
import { newPartId, newUploadId } from '#core/uploads/upload.ts'
import { Handoff } from './handoff.ts'
import { type InspectedPackage, inspectPackage, MAX_ARCHIVE_BYTES } from './inspect.ts'

/** An archive in the blob store, not yet a blob, and what it holds. */
export interface ReceivedArchive {
  readonly partId: string
  readonly digest: string
  readonly size: number
  readonly inspected: InspectedPackage
}

/** Writes an archive into the blob store and inspects it on the way; what is refused is not kept. */
export async function receiveArchive(
  app: App,
  expected: ParsedName,
  body: AsyncIterable<Uint8Array>,
): Promise<ReceivedArchive> {
  const partId = newPartId(newUploadId())
  const handoff = new Handoff()
  const inspecting = settle(inspectPackage(expected, handoff), () => handoff.close())
  const hash = createHash('sha256')
  const written = await app.blobs
    .writePart(partId, handoff.passing(body, hash), MAX_ARCHIVE_BYTES)
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
