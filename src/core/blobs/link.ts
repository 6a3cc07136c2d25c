import { type App, now } from '#core/app.ts'
import { afterCommit } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import type { StoredBlob } from './store.ts'

/** A blob as one package has it. */
export interface BlobLink {
  readonly packageId: number
  readonly namespaceId: number
  readonly digest: string
  readonly size: number
}

/** Records bytes that the store holds; when the registry already had them, the new copy goes. */
export async function adoptBlob(
  app: App,
  tx: Tx,
  digest: string,
  stored: StoredBlob,
): Promise<void> {
  const inserted = await tx
    .insertInto('blobs')
    .values({ digest, size: stored.size, locator: stored.locator, createdAt: now(app) })
    .onConflict((conflict) => conflict.column('digest').doNothing())
    .returning('digest')
    .executeTakeFirst()
  if (inserted) return
  afterCommit(tx, () => {
    // A copy that stays behind is an orphan, and collected as one.
    app.blobs.delete(stored.locator).catch((error: unknown) => {
      app.log.warn({ err: error, locator: stored.locator }, 'a duplicate blob was not deleted')
    })
  })
}

/** Lets a package have a blob; counts it once per namespace, and refuses what the quota forbids. */
export async function linkBlob(app: App, tx: Tx, link: BlobLink): Promise<void> {
  const touched = await tx
    .updateTable('packageBlobs')
    .set({ linkedAt: now(app) })
    .where('packageId', '=', link.packageId)
    .where('digest', '=', link.digest)
    .executeTakeFirst()
  if (touched.numUpdatedRows > 0n) return
  const namespace = await lockNamespace(app, tx, link.namespaceId)
  if (namespace.status === 'terminating') {
    throw new RegistryError('namespace_terminating', `namespace ${namespace.name} is being deleted`)
  }
  const isCounted = await namespaceHas(tx, link)
  await tx
    .insertInto('packageBlobs')
    .values({
      packageId: link.packageId,
      namespaceId: link.namespaceId,
      digest: link.digest,
      linkedAt: now(app),
    })
    .onConflict((conflict) => conflict.columns(['packageId', 'digest']).doNothing())
    .execute()
  if (isCounted) return
  const usedBytes = namespace.usedBytes + link.size
  if (namespace.maxBytes !== null && usedBytes > namespace.maxBytes) {
    throw new RegistryError(
      'quota_exceeded',
      `namespace ${namespace.name} may hold ${namespace.maxBytes} bytes, has ${namespace.usedBytes}, and this adds ${link.size}`,
    )
  }
  await tx.updateTable('namespaces').set({ usedBytes }).where('id', '=', link.namespaceId).execute()
}

/** Takes a blob from a package; fails with a foreign key violation while a release names it. */
export async function unlinkBlob(app: App, tx: Tx, link: BlobLink): Promise<void> {
  const namespace = await lockNamespace(app, tx, link.namespaceId)
  const deleted = await tx
    .deleteFrom('packageBlobs')
    .where('packageId', '=', link.packageId)
    .where('digest', '=', link.digest)
    .executeTakeFirst()
  if (deleted.numDeletedRows === 0n || (await namespaceHas(tx, link))) return
  await tx
    .updateTable('namespaces')
    .set({ usedBytes: namespace.usedBytes - link.size })
    .where('id', '=', link.namespaceId)
    .execute()
}

/** Held until the transaction ends: what the namespace uses is counted by one at a time. */
function lockNamespace(app: App, tx: Tx, id: number) {
  return app.database.dialect
    .lock(
      tx
        .selectFrom('namespaces')
        .select(['name', 'status', 'usedBytes', 'maxBytes'])
        .where('id', '=', id),
    )
    .executeTakeFirstOrThrow()
}

async function namespaceHas(tx: Tx, link: BlobLink): Promise<boolean> {
  const found = await tx
    .selectFrom('packageBlobs')
    .select('packageId')
    .where('digest', '=', link.digest)
    .where('namespaceId', '=', link.namespaceId)
    .limit(1)
    .executeTakeFirst()
  return found !== undefined
}
