import type { Actor } from '#core/access/actor.ts'
import { visiblePackages } from '#core/access/visible.ts'
import type { App } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import { parseDigest } from './digest.ts'
import type { BlobFacts } from './get-blob.ts'

/** A blob, and through which package it may be read. */
export interface ReadableBlob extends BlobFacts {
  readonly packageId: number
  readonly visibility: 'public' | 'private'
}

/**
 * A blob of any package that the actor may read, a public one first. Throws `blob_unknown`, the
 * same whether it is missing or private.
 */
export async function findReadableBlob(
  app: App,
  actor: Actor,
  digest: string,
): Promise<ReadableBlob> {
  parseDigest(digest)
  // Public first on its own: what thousands of packages have is found without sorting them.
  const open = await selectBlob(app, digest)
    .where('packages.visibility', '=', 'public')
    .executeTakeFirst()
  const found =
    open ?? (await selectBlob(app, digest).where(visiblePackages(actor)).executeTakeFirst())
  if (found) return found
  throw new RegistryError('blob_unknown', `no blob ${digest} here`)
}

function selectBlob(app: App, digest: string) {
  return app.database.db
    .selectFrom('packageBlobs')
    .innerJoin('packages', 'packages.id', 'packageBlobs.packageId')
    .innerJoin('namespaces', 'namespaces.id', 'packages.namespaceId')
    .innerJoin('blobs', 'blobs.digest', 'packageBlobs.digest')
    .select([
      'blobs.digest',
      'blobs.size',
      'blobs.locator',
      'packages.id as packageId',
      'packages.visibility',
    ])
    .where('packageBlobs.digest', '=', digest)
    .where('namespaces.status', '=', 'active')
    .limit(1)
}
