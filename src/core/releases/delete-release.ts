import type { Actor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { packageTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import { RegistryError } from '#core/errors.ts'
import { noteIndexChange } from '#core/index/index-changes.ts'
import { holdPackage } from '#core/packages/lock-package.ts'
import { getPackageFor, type PackageRef } from '#core/packages/package.ts'
import { indexPackage } from '#core/search/index-package.ts'
import { announce } from '#core/webhooks/announce.ts'

/** Deletes a release and every tag that points at it; its blobs go when nobody has them. */
export async function deleteRelease(
  app: App,
  actor: Actor,
  ref: PackageRef,
  version: string,
): Promise<void> {
  const target = await getPackageFor(app, actor, ref, 'delete')
  await change(app, async (tx) => {
    await holdPackage(app, tx, target)
    const deleted = await tx
      .deleteFrom('releases')
      .where('packageId', '=', target.id)
      .where('version', '=', version)
      // A tombstone stays: it keeps the version from being published again.
      .where('removedAt', 'is', null)
      .executeTakeFirst()
    if (deleted.numDeletedRows === 0n) {
      throw new RegistryError('release_unknown', `${target.path} has no ${version}`)
    }
    await indexPackage(app, tx, target.id)
    await noteIndexChange(app, tx, target)
    await audit(app, tx, actor, {
      action: 'release.delete',
      subject: `package:${target.ecosystem}:${target.path}`,
      namespaceId: target.namespaceId,
      detail: { version },
    })
    await announce(app, tx, { event: 'delete', actor, package: target, version })
    changed(tx, packageTopic(target.id))
  })
}
