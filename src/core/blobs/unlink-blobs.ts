import type { App } from '#core/app.ts'
import type { Tx } from '#core/db/schema.ts'

/**
 * Takes some of a package's blobs from it, at most `limit`, and from what its namespace uses unless
 * another package there has them; answers how many. No release may name them any more.
 */
export async function unlinkBlobs(
  app: App,
  tx: Tx,
  target: { id: number; namespaceId: number },
  limit: number,
): Promise<number> {
  const { id, namespaceId } = target
  const namespace = await app.database.dialect
    .lock(tx.selectFrom('namespaces').select('usedBytes').where('id', '=', namespaceId))
    .executeTakeFirstOrThrow()
  const links = await tx
    .selectFrom('packageBlobs')
    .innerJoin('blobs', 'blobs.digest', 'packageBlobs.digest')
    .select(['blobs.digest', 'blobs.size'])
    .where('packageBlobs.packageId', '=', id)
    .limit(limit)
    .execute()
  if (links.length === 0) return 0
  const digests = links.map(({ digest }) => digest)
  await tx
    .deleteFrom('packageBlobs')
    .where('packageId', '=', id)
    .where('digest', 'in', digests)
    .execute()
  const kept = await tx
    .selectFrom('packageBlobs')
    .select('digest')
    .distinct()
    .where('namespaceId', '=', namespaceId)
    .where('digest', 'in', digests)
    .execute()
  const still = new Set(kept.map(({ digest }) => digest))
  const freed = links.filter(({ digest }) => !still.has(digest))
  const usedBytes = freed.reduce((left, { size }) => left - size, namespace.usedBytes)
  await tx.updateTable('namespaces').set({ usedBytes }).where('id', '=', namespaceId).execute()
  return links.length
}
