import type { Actor } from '#core/access/actor.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { packageTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import { RegistryError } from '#core/errors.ts'
import { noteIndexChange } from '#core/index/index-changes.ts'
import { appendLog } from '#core/log/append.ts'
import { lockPackageFor } from '#core/packages/lock-package.ts'
import type { PackageRef } from '#core/packages/package.ts'
import { indexPackage } from '#core/search/index-package.ts'
import { announce } from '#core/webhooks/announce.ts'
import { lockRelease, requireNotRemoved } from './lock-release.ts'
import { readNote } from './note.ts'

/** Which release is to be yanked, or not any more. */
export interface YankChange {
  readonly version: string
  readonly isYanked: boolean
  readonly reason?: string
  /** Throws `conflict` where there is nothing to change. */
  readonly mustChange?: boolean
}

/**
 * Yanks a release: no new use of it, while those who have it can still get it. Or takes that back.
 * Publishers may. Says nothing if already so.
 */
export async function yankRelease(
  app: App,
  actor: Actor,
  ref: PackageRef,
  wanted: YankChange,
): Promise<void> {
  const { version, isYanked } = wanted
  const reason = wanted.reason === undefined ? null : readNote(wanted.reason, 'reason')
  await change(app, async (tx) => {
    const target = await lockPackageFor(app, tx, actor, { ref, action: 'publish' })
    const release = await lockRelease(app, tx, target, version)
    requireNotRemoved(target, release)
    if ((release.yankedAt !== null) === isYanked) {
      if (wanted.mustChange) throw alreadySo(target.path, wanted)
      return
    }
    await tx
      .updateTable('releases')
      .set({ yankedAt: isYanked ? now(app) : null, yankReason: isYanked ? reason : null })
      .where('id', '=', release.id)
      .execute()
    const { id, ecosystem, path, namespaceId } = target
    const event = isYanked ? 'yank' : 'unyank'
    await audit(app, tx, actor, {
      action: `release.${event}`,
      subject: `package:${ecosystem}:${path}`,
      namespaceId,
      detail: { version, ...(reason !== null && { reason }) },
    })
    const { digest } = release
    await appendLog(app, tx, { event, ecosystem, name: path, version, digest })
    const details = isYanked && reason !== null ? { reason } : {}
    await announce(app, tx, { event, actor, package: target, version, digest, details })
    await indexPackage(app, tx, id)
    await noteIndexChange(app, tx, target)
    changed(tx, packageTopic(id))
  })
}

function alreadySo(path: string, { version, isYanked }: YankChange): RegistryError {
  return new RegistryError(
    'conflict',
    `${path} ${version} is ${isYanked ? 'yanked already' : 'not yanked'}`,
  )
}
