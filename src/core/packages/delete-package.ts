import type { Actor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { unlinkBlobs } from '#core/blobs/unlink-blobs.ts'
import { namespaceTopic, packageTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { noteIndexChange } from '#core/index/index-changes.ts'
import { announce } from '#core/webhooks/announce.ts'
import { packageMoved } from './lock-package.ts'
import { getPackageFor, type PackageRef } from './package.ts'

/** Rows of one kind in one transaction: small enough that pushes elsewhere hardly wait. */
const BATCH = 200

/** What deleting needs to know of a package. */
interface Doomed {
  readonly id: number
  readonly namespaceId: number
  readonly ecosystem: string
  readonly path: string
}

/** Deletes a package with its tags and releases; admins only. Blobs stay for collection. */
export async function deletePackage(app: App, actor: Actor, ref: PackageRef): Promise<void> {
  await removePackage(app, actor, await getPackageFor(app, actor, ref, 'delete'))
}

/**
 * The same for a package that the actor was found to be allowed to delete. A small transaction at
 * a time, its row last, so that it can stop anywhere and be called again.
 */
export async function removePackage(app: App, actor: Actor, target: Doomed): Promise<void> {
  while (!(await change(app, (tx) => isRemoved(app, tx, actor, target))));
}

async function isRemoved(app: App, tx: Tx, actor: Actor, target: Doomed): Promise<boolean> {
  const { id, namespaceId } = target
  const { dialect } = app.database
  // The namespace before the package, as pushes do; both keep new rows away until commit.
  await dialect
    .lock(tx.selectFrom('namespaces').select('id').where('id', '=', namespaceId))
    .execute()
  const held = await dialect
    .lock(tx.selectFrom('packages').select(['namespaceId', 'visibility']).where('id', '=', id))
    .executeTakeFirst()
  // It moved since somebody found that it may be deleted: who it belongs to now decides.
  if (held && held.namespaceId !== namespaceId) throw packageMoved(target.path)
  changed(tx, packageTopic(id))
  await tx.deleteFrom('searchDocuments').where('packageId', '=', id).execute()
  await noteIndexChange(app, tx, target)
  if ((await deleteTags(tx, id)) === BATCH) return false
  if ((await deleteReleases(tx, id)) === BATCH) return false
  if ((await unlinkBlobs(app, tx, target, BATCH)) === BATCH) return false
  const { numDeletedRows } = await tx.deleteFrom('packages').where('id', '=', id).executeTakeFirst()
  if (numDeletedRows === 0n) return true
  await audit(app, tx, actor, {
    action: 'package.delete',
    subject: `package:${target.ecosystem}:${target.path}`,
    namespaceId,
  })
  // Held, or there was nothing to delete.
  const visibility = held?.visibility ?? 'private'
  await announce(app, tx, { event: 'delete', actor, package: { ...target, visibility } })
  changed(tx, namespaceTopic(namespaceId))
  return true
}

async function deleteTags(tx: Tx, packageId: number): Promise<number> {
  const { numDeletedRows } = await tx
    .deleteFrom('tags')
    .where('packageId', '=', packageId)
    .where('name', 'in', (eb) =>
      eb.selectFrom('tags').select('name').where('packageId', '=', packageId).limit(BATCH),
    )
    .executeTakeFirst()
  return Number(numDeletedRows)
}

async function deleteReleases(tx: Tx, packageId: number): Promise<number> {
  const { numDeletedRows } = await tx
    .deleteFrom('releases')
    .where('id', 'in', (eb) =>
      eb.selectFrom('releases').select('id').where('packageId', '=', packageId).limit(BATCH),
    )
    .executeTakeFirst()
  return Number(numDeletedRows)
}
