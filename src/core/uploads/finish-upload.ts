import type { Actor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { parseDigest } from '#core/blobs/digest.ts'
import { addBlob } from '#core/blobs/link.ts'
import type { StoredBlob } from '#core/blobs/store.ts'
import { change } from '#core/db/change.ts'
import { prepared } from '#core/db/prepared.ts'
import type { Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { ensurePackage } from '#core/packages/ensure-package.ts'
import type { Package, PackageRef } from '#core/packages/package.ts'
import { mayPublish } from '#core/releases/publish-release.ts'
import { getUpload, newUploadId, type UploadRef, uploadUnknown } from './upload.ts'
import { type Chunk, writeChunk } from './write-upload.ts'

/** A blob that now is in a package, durably. */
export interface PushedBlob {
  readonly digest: string
  readonly size: number
}

/** Ends an upload, with a last chunk if there is one: its bytes become a blob of the package. */
export async function finishUpload(
  app: App,
  actor: Actor,
  ref: UploadRef,
  last: Partial<Chunk> & { digest: string },
): Promise<PushedBlob> {
  parseDigest(last.digest)
  const upload = await getUpload(app, actor, ref)
  const partIds = [...upload.partIds]
  let extra: string | undefined
  if (last.body) {
    const part = await writeChunk(app, upload, { ...last, body: last.body })
    if (part.failure !== undefined) {
      await app.blobs.abort(part.id)
      throw new RegistryError('size_invalid', 'the body ended early', { cause: part.failure })
    }
    extra = part.id
    if (part.size > 0) partIds.push(part.id)
  }
  const stored = await finishParts(app, { partIds, extra, digest: last.digest })
  await record(
    app,
    stored,
    async (tx) => {
      const used = await deleteUpload(tx, { id: upload.id, offset: upload.offset })
      if (used.affected === 0n) throw uploadUnknown(ref)
      await pushBlob(app, tx, actor, { target: upload.package, digest: last.digest, stored })
    },
    () => forgetUpload(app, upload.id),
  )
  return { digest: last.digest, size: stored.size }
}

/** A whole blob in one request, without an upload to resume. */
export async function uploadBlob(
  app: App,
  actor: Actor,
  ref: PackageRef,
  blob: { digest: string; body: AsyncIterable<Uint8Array>; bytes?: number },
): Promise<PushedBlob> {
  parseDigest(blob.digest)
  // Before any byte is accepted: may they at all?
  await mayPublish(app, actor, ref)
  const part = await writeChunk(app, { id: newUploadId(), offset: 0 }, blob)
  if (part.failure !== undefined) {
    await app.blobs.abort(part.id)
    throw new RegistryError('size_invalid', 'the body ended early', { cause: part.failure })
  }
  const partIds = part.size > 0 ? [part.id] : []
  const stored = await finishParts(app, { partIds, extra: part.id, digest: blob.digest })
  await record(app, stored, async (tx) => {
    const current = await ensurePackage(app, tx, actor, ref)
    await pushBlob(app, tx, actor, { target: current, digest: blob.digest, stored })
  })
  return { digest: blob.digest, size: stored.size }
}

async function finishParts(
  app: App,
  parts: { partIds: readonly string[]; extra: string | undefined; digest: string },
): Promise<StoredBlob> {
  try {
    return await app.blobs.finish(parts.partIds, parts.digest)
  } catch (error) {
    if (parts.extra !== undefined) await app.blobs.abort(parts.extra)
    throw error
  }
}

/** Records stored bytes in one transaction; when that is refused, the bytes go again. */
async function record(
  app: App,
  stored: StoredBlob,
  work: (tx: Tx) => Promise<void>,
  onRefusal: () => Promise<void> = async () => {},
): Promise<void> {
  try {
    await change(app, work)
  } catch (error) {
    // Only a clear refusal: after anything else (a lost connection) the commit may have happened.
    if (error instanceof RegistryError && error.status < 500) {
      await app.blobs.delete(stored.locator)
      await onRefusal()
    }
    throw error
  }
}

async function pushBlob(
  app: App,
  tx: Tx,
  actor: Actor,
  blob: { target: Package; digest: string; stored: StoredBlob },
): Promise<void> {
  const { target, digest, stored } = blob
  const { id: packageId, namespaceId } = target
  await addBlob(app, tx, { packageId, namespaceId, digest, size: stored.size }, stored)
  await audit(app, tx, actor, {
    action: 'blob.push',
    subject: `package:${target.ecosystem}:${target.path}`,
    namespaceId: target.namespaceId,
    detail: { digest, size: stored.size },
  })
}

async function forgetUpload(app: App, id: string): Promise<void> {
  await change(app, (tx) => tx.deleteFrom('uploads').where('id', '=', id).execute())
}

const deleteUpload = prepared<{ id: string; offset: number }, unknown>((db, param) =>
  db.deleteFrom('uploads').where('id', '=', param('id')).where('offset', '=', param('offset')),
)
