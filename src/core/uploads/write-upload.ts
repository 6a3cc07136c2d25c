import type { Actor } from '#core/access/actor.ts'
import { type App, now } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import { RegistryError } from '#core/errors.ts'
import { getUpload, newPartId, type Upload, type UploadRef } from './upload.ts'

/** The next bytes of an upload. */
export interface Chunk {
  readonly body: AsyncIterable<Uint8Array>
  /** Where the sender believes the chunk begins; must be where the upload ends. */
  readonly start?: number
  /** How many bytes the sender announced. */
  readonly bytes?: number
}

/**
 * Appends a chunk and answers the new size in bytes. When the sender goes away half-way, what came
 * is kept and the failure thrown: the upload can be resumed from there.
 */
export async function writeUpload(
  app: App,
  actor: Actor,
  ref: UploadRef,
  chunk: Chunk,
): Promise<number> {
  const upload = await getUpload(app, actor, ref)
  const part = await writeChunk(app, upload, chunk)
  if (part.size > 0) await recordPart(app, upload, part)
  if (part.failure !== undefined) {
    throw new RegistryError('size_invalid', 'the body ended early; what came was kept', {
      cause: part.failure,
    })
  }
  return upload.offset + part.size
}

/** Writes a chunk into the store as a part of its own, not yet of the upload. */
export async function writeChunk(app: App, upload: Pick<Upload, 'id' | 'offset'>, chunk: Chunk) {
  if (chunk.start !== undefined && chunk.start !== upload.offset) throw outOfOrder(upload)
  const id = newPartId(upload.id)
  const written = await app.blobs.writePart(
    id,
    chunk.body,
    app.settings.maxBlobBytes - upload.offset,
  )
  const isComplete = written.failure === undefined
  if (isComplete && chunk.bytes !== undefined && chunk.bytes !== written.size) {
    await app.blobs.abort(id)
    throw new RegistryError(
      'size_invalid',
      `${chunk.bytes} bytes were announced and ${written.size} came`,
    )
  }
  if (written.size === 0) await app.blobs.abort(id)
  return { id, ...written }
}

/** Two senders may have written at one offset: the first to be recorded counts. */
async function recordPart(app: App, upload: Upload, part: { id: string; size: number }) {
  const recorded = await change(app, (tx) =>
    tx
      .updateTable('uploads')
      .set({
        offset: upload.offset + part.size,
        parts: JSON.stringify([...upload.partIds, part.id]),
        touchedAt: now(app),
      })
      .where('id', '=', upload.id)
      .where('offset', '=', upload.offset)
      .executeTakeFirst(),
  )
  if (recorded.numUpdatedRows > 0n) return
  await app.blobs.abort(part.id)
  throw outOfOrder(upload)
}

function outOfOrder(upload: Pick<Upload, 'offset'>): RegistryError {
  return new RegistryError('range_invalid', `the next chunk begins at ${upload.offset}`, {
    details: { offset: upload.offset },
  })
}
