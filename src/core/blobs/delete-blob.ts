import type { Actor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { packageTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import { RegistryError } from '#core/errors.ts'
import { getPackageFor, type PackageRef } from '#core/packages/package.ts'
import { parseDigest } from './digest.ts'
import { unlinkBlob } from './link.ts'

/** Takes a blob from a package that no release of it names; its bytes go when nobody has them. */
export async function deleteBlob(
  app: App,
  actor: Actor,
  ref: PackageRef,
  digest: string,
): Promise<void> {
  parseDigest(digest)
  const target = await getPackageFor(app, actor, ref, 'delete')
  await change(app, async (tx) => {
    const found = await tx
      .selectFrom('packageBlobs')
      .innerJoin('blobs', 'blobs.digest', 'packageBlobs.digest')
      .select('blobs.size')
      .where('packageBlobs.packageId', '=', target.id)
      .where('packageBlobs.digest', '=', digest)
      .executeTakeFirst()
    if (!found) throw new RegistryError('blob_unknown', `${target.path} has no blob ${digest}`)
    const user = await tx
      .selectFrom('releaseFiles')
      .innerJoin('releases', 'releases.id', 'releaseFiles.releaseId')
      .select('releases.version')
      .where('releaseFiles.packageId', '=', target.id)
      .where('releaseFiles.digest', '=', digest)
      .limit(1)
      .executeTakeFirst()
    if (user) {
      throw new RegistryError('in_use', `${digest} is part of ${user.version}: delete that first`)
    }
    const { namespaceId } = target
    await unlinkBlob(app, tx, { packageId: target.id, namespaceId, digest, size: found.size })
    const subject = `package:${target.ecosystem}:${target.path}`
    await audit(app, tx, actor, { action: 'blob.delete', subject, namespaceId, detail: { digest } })
    changed(tx, packageTopic(target.id))
  })
}
