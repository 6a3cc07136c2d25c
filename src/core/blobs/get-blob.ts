import type { App } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import type { Package } from '#core/packages/package.ts'

/** Where a blob's bytes are. */
export interface BlobFacts {
  readonly digest: string
  readonly size: number
  readonly locator: string
}

/** A blob that the package has. The caller has checked that the package may be read. */
export async function getBlob(app: App, from: Package, digest: string): Promise<BlobFacts> {
  const found = await app.database.db
    .selectFrom('packageBlobs')
    .innerJoin('blobs', 'blobs.digest', 'packageBlobs.digest')
    .select(['blobs.digest', 'blobs.size', 'blobs.locator'])
    .where('packageBlobs.packageId', '=', from.id)
    .where('packageBlobs.digest', '=', digest)
    .executeTakeFirst()
  if (!found) throw new RegistryError('blob_unknown', `${from.path} has no blob ${digest}`)
  return found
}
