import type { Actor } from '#core/access/actor.ts'
import { authorizeOperator } from '#core/access/can.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { unlinkBlob } from '#core/blobs/link.ts'
import { packageTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { appendLog } from '#core/log/append.ts'
import { lockPackageFor } from '#core/packages/lock-package.ts'
import type { Package, PackageRef } from '#core/packages/package.ts'
import { indexPackage } from '#core/search/index-package.ts'
import { lockRelease, requireNotRemoved } from './lock-release.ts'
import { readNote } from './note.ts'

/** What is to be removed, and why. */
export interface Removal {
  readonly version: string
  readonly reason: string
}

/** What a removal left: files that other releases of the package are made of too. */
export interface Removed {
  readonly keptDigests: readonly string[]
}

/**
 * Takes a release's content away for good, as an operator. What stays is a tombstone: whoever asks
 * hears that it is gone, and its version is never published again. Nothing can be fetched from this
 * moment on; collection takes the bytes when no other package has them.
 */
export async function removeRelease(
  app: App,
  actor: Actor,
  ref: PackageRef,
  { version, reason: rawReason }: Removal,
): Promise<Removed> {
  authorizeOperator(actor)
  const reason = readNote(rawReason, 'reason')
  if (reason === null) throw new RegistryError('invalid_request', 'to remove needs a reason')
  return await change(app, async (tx) => {
    const target = await lockPackageFor(app, tx, actor, { ref, action: 'delete', isCounting: true })
    const release = await lockRelease(app, tx, target, version)
    requireNotRemoved(target, release)
    await tx.deleteFrom('tags').where('releaseId', '=', release.id).execute()
    const keptDigests = await dropFiles(app, tx, target, release.id)
    const removedAt = now(app)
    await tx
      .updateTable('releases')
      .set({ removedAt, metadata: '{}', yankedAt: null, yankReason: null })
      .set({ deprecation: null, deprecatedAt: null })
      .where('id', '=', release.id)
      .execute()
    const { id, ecosystem, path, namespaceId } = target
    const { digest } = release
    await tx
      .insertInto('burntVersions')
      .values({ ecosystem, path, version, digest, removedAt })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    await audit(app, tx, actor, {
      action: 'release.remove',
      subject: `package:${ecosystem}:${path}`,
      namespaceId,
      detail: { version, digest, reason, ...(keptDigests.length > 0 && { keptDigests }) },
    })
    await appendLog(app, tx, { event: 'remove', ecosystem, name: path, version, digest })
    await indexPackage(app, tx, id)
    changed(tx, packageTopic(id))
    return { keptDigests }
  })
}

/** Takes the files away, and from the package what no other release is made of; answers the rest. */
async function dropFiles(app: App, tx: Tx, target: Package, releaseId: number): Promise<string[]> {
  const { id: packageId, namespaceId } = target
  const dropped = await tx
    .deleteFrom('releaseFiles')
    .where('releaseId', '=', releaseId)
    .returning(['digest', 'size'])
    .execute()
  const digests = [...new Set(dropped.map(({ digest }) => digest))]
  const others = await tx
    .selectFrom('releaseFiles')
    .select('digest')
    .distinct()
    .where('packageId', '=', packageId)
    .where('digest', 'in', digests)
    .execute()
  const kept = new Set(others.map(({ digest }) => digest))
  const sizes = new Map(dropped.map(({ digest, size }) => [digest, size]))
  for (const digest of digests.sort()) {
    if (kept.has(digest)) continue
    await unlinkBlob(app, tx, { packageId, namespaceId, digest, size: sizes.get(digest) ?? 0 })
  }
  return [...kept].sort()
}
