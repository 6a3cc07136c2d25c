import type { Actor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { packageTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import { RegistryError } from '#core/errors.ts'
import { holdPackage } from '#core/packages/lock-package.ts'
import { getPackageFor, type PackageRef } from '#core/packages/package.ts'

/** Takes a tag away; the release it pointed at stays. Immutable tags stay too. */
export async function deleteTag(
  app: App,
  actor: Actor,
  ref: PackageRef,
  name: string,
): Promise<void> {
  const target = await getPackageFor(app, actor, ref, 'publish')
  await change(app, async (tx) => {
    await holdPackage(app, tx, target)
    if (target.immutableTags) {
      throw new RegistryError('tag_immutable', `the tags of ${target.path} are immutable`)
    }
    const deleted = await tx
      .deleteFrom('tags')
      .where('packageId', '=', target.id)
      .where('name', '=', name)
      .executeTakeFirst()
    if (deleted.numDeletedRows === 0n) {
      throw new RegistryError('tag_unknown', `${target.path} has no tag ${name}`)
    }
    await audit(app, tx, actor, {
      action: 'tag.delete',
      subject: `package:${target.ecosystem}:${target.path}`,
      namespaceId: target.namespaceId,
      detail: { tag: name },
    })
    changed(tx, packageTopic(target.id))
  })
}
