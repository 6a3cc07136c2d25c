import type { Actor } from '#core/access/actor.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { unlinkBlob } from '#core/blobs/link.ts'
import { packageTopic } from '#core/cache/topics.ts'
import { changed } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { appendLog } from '#core/log/append.ts'
import type { Package } from '#core/packages/package.ts'
import { announce } from '#core/webhooks/announce.ts'
import { lockRelease, requireNotRemoved } from './lock-release.ts'

/** Which release goes, by whose right, and why. */
export interface Burial {
  readonly version: string
  readonly action: 'release.remove' | 'release.revoke'
  readonly reason: string | null
}

/**
 * Takes a release's content away and leaves a tombstone; answers the files that other releases of
 * the package are made of too. The caller has decided that the actor may, and holds the package and
 * what its namespace uses; what search knows is the caller's to bring up to date.
 */
export async function buryRelease(
  app: App,
  tx: Tx,
  actor: Actor,
  { target, version, action, reason }: Burial & { target: Package },
): Promise<string[]> {
  const release = await lockRelease(app, tx, target, version)
  requireNotRemoved(target, release)
  await tx.deleteFrom('tags').where('releaseId', '=', release.id).execute()
  await tx.deleteFrom('releaseDependencies').where('releaseId', '=', release.id).execute()
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
    action,
    subject: `package:${ecosystem}:${path}`,
    namespaceId,
    detail: {
      version,
      digest,
      ...(reason !== null && { reason }),
      ...(keptDigests.length > 0 && { keptDigests }),
    },
  })
  await appendLog(app, tx, { event: 'remove', ecosystem, name: path, version, digest })
  const details = reason === null ? {} : { reason }
  await announce(app, tx, { event: 'remove', actor, package: target, version, digest, details })
  changed(tx, packageTopic(id))
  return keptDigests
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
