import type { Actor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { packageTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import { RegistryError } from '#core/errors.ts'
import { holdPackage } from '#core/packages/lock-package.ts'
import { getPackageFor, type PackageRef } from '#core/packages/package.ts'
import { requireNotRemoved } from './lock-release.ts'
import { setTag } from './set-tag.ts'

/** Points a tag at a release that exists; answers whether the tag is new. */
export async function moveTag(
  app: App,
  actor: Actor,
  ref: PackageRef,
  tag: { name: string; version: string },
): Promise<{ isNew: boolean }> {
  const target = await getPackageFor(app, actor, ref, 'publish')
  return change(app, async (tx) => {
    await holdPackage(app, tx, target)
    const release = await tx
      .selectFrom('releases')
      .select(['id', 'version', 'removedAt'])
      .where('packageId', '=', target.id)
      .where('version', '=', tag.version)
      .executeTakeFirst()
    if (!release) {
      throw new RegistryError('release_unknown', `${target.path} has no ${tag.version}`)
    }
    requireNotRemoved(target, release)
    const before = await tx
      .selectFrom('tags')
      .select('releaseId')
      .where('packageId', '=', target.id)
      .where('name', '=', tag.name)
      .executeTakeFirst()
    if (before?.releaseId === release.id) return { isNew: false }
    await setTag(app, tx, target, { name: tag.name, releaseId: release.id })
    await audit(app, tx, actor, {
      action: 'tag.set',
      subject: `package:${target.ecosystem}:${target.path}`,
      namespaceId: target.namespaceId,
      detail: { tag: tag.name, version: tag.version },
    })
    changed(tx, packageTopic(target.id))
    return { isNew: before === undefined }
  })
}
