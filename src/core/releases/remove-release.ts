import type { Actor } from '#core/access/actor.ts'
import { authorizeOperator } from '#core/access/can.ts'
import { adviseRemoval } from '#core/advisories/advise-removal.ts'
import type { App } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import { RegistryError } from '#core/errors.ts'
import { noteIndexChange } from '#core/index/index-changes.ts'
import { lockPackageFor } from '#core/packages/lock-package.ts'
import type { PackageRef } from '#core/packages/package.ts'
import { indexPackage } from '#core/search/index-package.ts'
import { buryRelease } from './bury-release.ts'
import { readNote } from './note.ts'

/** What is to be removed, and why. */
export interface Removal {
  readonly version: string
  readonly reason: string
  /** Whether everybody is told by an advisory, which gives the reason. */
  readonly isAdvised?: boolean
}

/** What a removal left: files that other releases of the package are made of too. */
export interface Removed {
  readonly keptDigests: readonly string[]
  /** The id of the advisory that tells of it. */
  readonly advisory?: string
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
  { version, reason: rawReason, isAdvised }: Removal,
): Promise<Removed> {
  authorizeOperator(actor)
  const reason = readNote(rawReason, 'reason')
  if (reason === null) throw new RegistryError('invalid_request', 'to remove needs a reason')
  return await change(app, async (tx) => {
    const target = await lockPackageFor(app, tx, actor, { ref, action: 'delete', isCounting: true })
    const burial = { target, version, action: 'release.remove', reason } as const
    const keptDigests = await buryRelease(app, tx, actor, burial)
    await indexPackage(app, tx, target.id)
    await noteIndexChange(app, tx, target)
    if (!isAdvised) return { keptDigests }
    const advisory = await adviseRemoval(app, tx, actor, { target, version, reason })
    return { keptDigests, advisory }
  })
}
