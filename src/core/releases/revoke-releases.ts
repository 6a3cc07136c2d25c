import type { Actor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { noteIndexChange } from '#core/index/index-changes.ts'
import { lockPackageFor } from '#core/packages/lock-package.ts'
import type { Package, PackageRef } from '#core/packages/package.ts'
import { indexPackage } from '#core/search/index-package.ts'
import { buryRelease } from './bury-release.ts'
import { readNote } from './note.ts'

/** What is revoked: one version, or without one all that are left. */
export interface Revocation {
  readonly version?: string
  readonly reason?: string
}

/** What was revoked. */
export interface Revoked {
  readonly package: Package
  readonly versions: readonly string[]
}

/**
 * Takes releases back for good, as a publisher: where a protocol gives that right to those who
 * published. What stays are tombstones, as when an operator removes: see `removeRelease`.
 */
export async function revokeReleases(
  app: App,
  actor: Actor,
  ref: PackageRef,
  { version, reason: rawReason = '' }: Revocation,
): Promise<Revoked> {
  const reason = readNote(rawReason, 'reason')
  return await change(app, async (tx) => {
    const lock = { ref, action: 'publish', isCounting: true } as const
    const target = await lockPackageFor(app, tx, actor, lock)
    const versions = version === undefined ? await listLeft(tx, target) : [version]
    for (const one of versions) {
      const burial = { target, version: one, action: 'release.revoke', reason } as const
      await buryRelease(app, tx, actor, burial)
    }
    await indexPackage(app, tx, target.id)
    await noteIndexChange(app, tx, target)
    return { package: target, versions }
  })
}

async function listLeft(tx: Tx, target: Package): Promise<string[]> {
  const rows = await tx
    .selectFrom('releases')
    .select('version')
    .where('packageId', '=', target.id)
    .where('removedAt', 'is', null)
    .orderBy('id')
    .execute()
  if (rows.length > 0) return rows.map(({ version }) => version)
  throw new RegistryError('release_unknown', `${target.path} has no release that is left`)
}
