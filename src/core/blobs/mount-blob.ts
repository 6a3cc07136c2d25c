import type { Actor } from '#core/access/actor.ts'
import { can } from '#core/access/can.ts'
import { visiblePackages } from '#core/access/visible.ts'
import type { App } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { change } from '#core/db/change.ts'
import { ensurePackage } from '#core/packages/ensure-package.ts'
import { findPackage, type PackageRef, resourceOf } from '#core/packages/package.ts'
import { parseDigest } from './digest.ts'
import { linkBlob } from './link.ts'

/** A blob that some package has, and where it may be taken from. */
export interface Mount {
  readonly digest: string
  /** The package to take it from; without one, any that the actor may read. */
  readonly from?: PackageRef
}

/**
 * Gives a package a blob that another one has, without its bytes moving. Answers false when there
 * is none the actor may read: the same answer whether it is missing or private.
 */
export async function mountBlob(
  app: App,
  actor: Actor,
  ref: PackageRef,
  mount: Mount,
): Promise<boolean> {
  parseDigest(mount.digest)
  const source = mount.from && (await findPackage(app, mount.from))
  if (mount.from && (!source || !can(actor, 'read', resourceOf(source)))) return false
  return change(app, async (tx) => {
    const target = await ensurePackage(app, tx, actor, ref)
    let query = tx
      .selectFrom('packageBlobs')
      .innerJoin('packages', 'packages.id', 'packageBlobs.packageId')
      .innerJoin('blobs', 'blobs.digest', 'packageBlobs.digest')
      .select(['blobs.size', 'packages.path'])
      .where('packageBlobs.digest', '=', mount.digest)
      .where(visiblePackages(actor))
    if (source) query = query.where('packages.id', '=', source.id)
    const blob = await query.limit(1).executeTakeFirst()
    if (!blob) return false
    await linkBlob(app, tx, {
      packageId: target.id,
      namespaceId: target.namespaceId,
      digest: mount.digest,
      size: blob.size,
    })
    await audit(app, tx, actor, {
      action: 'blob.mount',
      subject: `package:${target.ecosystem}:${target.path}`,
      namespaceId: target.namespaceId,
      detail: { digest: mount.digest, from: blob.path },
    })
    return true
  })
}
