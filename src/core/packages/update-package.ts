import type { Actor } from '#core/access/actor.ts'
import { authorize } from '#core/access/can.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { packageTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import type { Visibility } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { noteIndexChange } from '#core/index/index-changes.ts'
import { indexPackage } from '#core/search/index-package.ts'
import { announce } from '#core/webhooks/announce.ts'
import { type PackageRef, packageUnknown, resourceOf, selectPackage } from './package.ts'

/** What an admin may change about a package; what is left out stays. */
export interface PackageChange {
  readonly visibility?: Visibility
  readonly immutableTags?: boolean
}

/**
 * Changes who may read a package, or whether its tags may move; at once, everywhere. Says nothing
 * if already so.
 */
export async function updatePackage(
  app: App,
  actor: Actor,
  ref: PackageRef,
  wanted: PackageChange,
): Promise<void> {
  const { visibility, immutableTags } = wanted
  if (visibility === undefined && immutableTags === undefined) {
    throw new RegistryError('invalid_request', 'there is nothing to change')
  }
  await change(app, async (tx) => {
    const was = await selectPackage(tx, ref)
    if (!was) throw packageUnknown(ref)
    authorize(actor, 'manage', resourceOf(was), () => packageUnknown(ref))
    const news = {
      ...(visibility !== undefined && visibility !== was.visibility && { visibility }),
      ...(immutableTags !== undefined && immutableTags !== was.immutableTags && { immutableTags }),
    }
    if (Object.keys(news).length === 0) return
    await tx
      .updateTable('packages')
      .set({
        visibility: news.visibility ?? was.visibility,
        immutableTags: (news.immutableTags ?? was.immutableTags) ? 1 : 0,
        updatedAt: now(app),
      })
      .where('id', '=', was.id)
      .execute()
    await indexPackage(app, tx, was.id)
    await noteIndexChange(app, tx, was)
    await audit(app, tx, actor, {
      action: 'package.update',
      subject: `package:${was.ecosystem}:${was.path}`,
      namespaceId: was.namespaceId,
      detail: news,
    })
    if (news.visibility !== undefined) {
      const target = { ...was, visibility: news.visibility }
      await announce(app, tx, { event: 'visibility', actor, package: target })
    }
    changed(tx, packageTopic(was.id))
  })
}
