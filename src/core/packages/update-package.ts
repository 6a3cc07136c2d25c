import type { Actor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { packageTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import type { Visibility } from '#core/db/schema.ts'
import { getPackageFor, type PackageRef } from './package.ts'

/** What an admin may change about a package; what is left out stays. */
export interface PackageChange {
  readonly visibility?: Visibility
  readonly immutableTags?: boolean
}

/** Changes who may read a package, or whether its tags may move; at once, everywhere. */
export async function updatePackage(
  app: App,
  actor: Actor,
  ref: PackageRef,
  wanted: PackageChange,
): Promise<void> {
  const target = await getPackageFor(app, actor, ref, 'manage')
  await change(app, async (tx) => {
    await tx
      .updateTable('packages')
      .set({
        ...(wanted.visibility !== undefined && { visibility: wanted.visibility }),
        ...(wanted.immutableTags !== undefined && {
          immutableTags: wanted.immutableTags ? 1 : 0,
        }),
        updatedAt: app.clock().getTime(),
      })
      .where('id', '=', target.id)
      .execute()
    await audit(app, tx, actor, {
      action: 'package.update',
      subject: `package:${target.ecosystem}:${target.path}`,
      namespaceId: target.namespaceId,
      detail: { ...wanted },
    })
    changed(tx, packageTopic(target.id))
  })
}
