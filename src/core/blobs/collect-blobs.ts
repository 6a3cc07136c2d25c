import type { App } from '#core/app.ts'
import { areBlobsKept, prepareToAsk } from '#core/backup/collection-pause.ts'
import { change } from '#core/db/change.ts'
import type { Row } from '#core/db/schema.ts'
import {
  type CollectItem,
  type CollectRun,
  graceCutoff,
  pieces,
  READ_ROWS,
  WRITE_ROWS,
} from './collect-run.ts'

type Blob = Row<'blobs'>

/** Counted on the way, for reclaimable.ts. */
export interface BlobTally {
  graceBytes: number
}

/** Deletes blobs that no package has: row first, bytes once that is committed. */
export async function* collectBlobs(
  { app, dryRun }: CollectRun,
  tally: BlobTally,
): AsyncGenerator<CollectItem[]> {
  if (!dryRun) await prepareToAsk(app)
  const cutoff = graceCutoff(app)
  let after = ''
  for (;;) {
    const blobs = await readBlobs(app, after, cutoff)
    const last = blobs.at(-1)
    if (!last) return
    after = last.digest
    const unneeded = blobs.filter((blob) => !blob.isNamed)
    const old = unneeded.filter((blob) => !blob.isRecentlyLinked && blob.createdAt < cutoff)
    tally.graceBytes += totalSize(unneeded) - totalSize(old)
    if (old.length === 0) yield []
    for (const some of pieces(old, WRITE_ROWS)) {
      const taken = dryRun ? some : await deleteUnlinked(app, some, cutoff)
      yield taken.map(({ digest, size }) => ({ kind: 'blob', name: digest, bytes: size }))
    }
  }
}

/** Links that collection would take do not count as links, so that a dry run sees what follows. */
async function readBlobs(app: App, after: string, cutoff: number) {
  return await app.database.db
    .selectFrom('blobs')
    .selectAll('blobs')
    .select((e) => [
      e
        .exists(
          e
            .selectFrom('packageBlobs')
            .innerJoin('releaseFiles', (join) =>
              join
                .onRef('releaseFiles.packageId', '=', 'packageBlobs.packageId')
                .onRef('releaseFiles.digest', '=', 'packageBlobs.digest'),
            )
            .select('releaseFiles.releaseId')
            .whereRef('packageBlobs.digest', '=', 'blobs.digest'),
        )
        .as('isNamed'),
      e
        .exists(
          e
            .selectFrom('packageBlobs')
            .select('packageBlobs.packageId')
            .whereRef('packageBlobs.digest', '=', 'blobs.digest')
            .where('packageBlobs.linkedAt', '>=', cutoff),
        )
        .as('isRecentlyLinked'),
    ])
    .where('digest', '>', after)
    .orderBy('digest')
    .limit(READ_ROWS)
    .execute()
}

async function deleteUnlinked(app: App, blobs: readonly Blob[], cutoff: number): Promise<Blob[]> {
  const digests = blobs.map((blob) => blob.digest)
  const deleted = await change(app, async (tx) => {
    // The next collection takes them.
    if (await areBlobsKept(app, tx)) return []
    const held = await app.database.dialect
      .claim(
        tx
          .selectFrom('blobs')
          .selectAll()
          .where('digest', 'in', digests)
          .where('createdAt', '<', cutoff),
      )
      .execute()
    // Exact because it is asked after the rows were locked: whoever links one now waits for us,
    // and then finds that it is gone.
    const linked = await tx
      .selectFrom('packageBlobs')
      .select('digest')
      .distinct()
      .where('digest', 'in', digests)
      .execute()
    const taken = new Set(linked.map((link) => link.digest))
    const free = held.filter((blob) => !taken.has(blob.digest))
    for (const { digest } of free) {
      await tx.deleteFrom('blobs').where('digest', '=', digest).execute()
    }
    return free
  })
  for (const { locator } of deleted) await app.blobs.delete(locator)
  return deleted
}

function totalSize(blobs: readonly Blob[]): number {
  return blobs.reduce((sum, blob) => sum + blob.size, 0)
}
