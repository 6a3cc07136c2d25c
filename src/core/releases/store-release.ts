import type { App } from '#core/app.ts'
import { digestOf } from '#core/blobs/digest.ts'
import { addBlob, linkBlob } from '#core/blobs/link.ts'
import type { StoredBlob } from '#core/blobs/store.ts'
import type { Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import type { Package } from '#core/packages/package.ts'
import type { NewRelease, ReleaseFile } from './new-release.ts'

/** A release's bytes in the blob store, before any row tells of them. */
export interface StoredRelease {
  /** The file that is the release; missing when its blob was in the package before. */
  readonly own?: StoredBlob
  readonly attached: ReadonlyArray<ReleaseFile & { readonly stored: StoredBlob }>
}

/** Stores what a release brings along. What was stored is deleted again if the rest cannot be. */
export async function storeRelease(app: App, release: NewRelease): Promise<StoredRelease> {
  const { bytes, partId, digest, attached = [] } = release
  const { blobs } = app
  const tasks = await Promise.allSettled([
    bytes ? blobs.put(digest, bytes) : partId ? blobs.finish([partId], digest) : undefined,
    ...attached.map((file) => blobs.put(digestOf(file.bytes), file.bytes)),
  ])
  const failed = tasks.find((task) => task.status === 'rejected')
  const [own, ...others] = tasks.map((task) =>
    task.status === 'fulfilled' ? task.value : undefined,
  )
  const stored: StoredRelease = {
    ...(own && { own }),
    attached: attached.flatMap(({ role, mediaType, bytes: content }, at) => {
      const found = others[at]
      const size = content.byteLength
      return found ? [{ role, mediaType, size, digest: digestOf(content), stored: found }] : []
    }),
  }
  if (!failed) return stored
  await dropStored(app, stored)
  if (partId !== undefined) await blobs.abort(partId)
  throw failed.reason
}

/** Deletes what was stored for a release that was refused. */
export async function dropStored(app: App, { own, attached }: StoredRelease): Promise<void> {
  const all = [...(own ? [own] : []), ...attached.map(({ stored }) => stored)]
  for (const { locator } of all) await app.blobs.delete(locator)
}

/** Records the bytes and lets the package have them; answers the size of the release's own file. */
export async function linkStored(
  app: App,
  tx: Tx,
  target: Package,
  { release, stored }: { release: NewRelease; stored: StoredRelease },
): Promise<number> {
  const { id: packageId, namespaceId } = target
  const { digest } = release
  if (stored.attached.length > 0) {
    // A publisher who holds a new blob must not wait for the namespace: another may hold that.
    const namespace = tx.selectFrom('namespaces').select('id').where('id', '=', namespaceId)
    await app.database.dialect.lock(namespace).execute()
  }
  const size = stored.own?.size ?? (await sizeOfLinked(tx, target, digest))
  const blobs = [{ digest, size, stored: stored.own }, ...stored.attached]
  // In one order everywhere, so that no two publishers wait for each other.
  blobs.sort((a, b) => (a.digest < b.digest ? -1 : 1))
  for (const blob of blobs) {
    const link = { packageId, namespaceId, digest: blob.digest, size: blob.size }
    if (blob.stored) await addBlob(app, tx, link, blob.stored)
    else await linkBlob(app, tx, link)
  }
  return size
}

/** The size of a blob that the package has; linking it again then only touches the link. */
async function sizeOfLinked(tx: Tx, target: Package, digest: string): Promise<number> {
  const blob = await tx
    .selectFrom('packageBlobs')
    .innerJoin('blobs', 'blobs.digest', 'packageBlobs.digest')
    .select('blobs.size')
    .where('packageBlobs.packageId', '=', target.id)
    .where('packageBlobs.digest', '=', digest)
    .executeTakeFirst()
  if (blob) return blob.size
  throw new RegistryError('blob_unknown', `${target.path} has no blob ${digest}`)
}
