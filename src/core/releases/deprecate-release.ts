import type { Actor } from '#core/access/actor.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { packageTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { noteIndexChange } from '#core/index/index-changes.ts'
import { appendLog } from '#core/log/append.ts'
import { lockPackageFor } from '#core/packages/lock-package.ts'
import type { Package, PackageRef } from '#core/packages/package.ts'
import { indexPackage } from '#core/search/index-package.ts'
import { announce } from '#core/webhooks/announce.ts'
import { lockRelease, requireNotRemoved } from './lock-release.ts'
import { readNote } from './note.ts'

/** What is deprecated: one version, or without one the whole package. */
export interface Deprecation {
  readonly version?: string
  /** What to do instead; null or blank takes the deprecation back. */
  readonly message: string | null
}

/**
 * Marks a release or a package with a message that everybody who uses it should see. Publishers
 * may. Says nothing if already so.
 */
export async function deprecateRelease(
  app: App,
  actor: Actor,
  ref: PackageRef,
  { version, message: raw }: Deprecation,
): Promise<void> {
  const message = raw === null ? null : readNote(raw, 'message')
  await change(app, async (tx) => {
    const target = await lockPackageFor(app, tx, actor, { ref, action: 'publish' })
    const marked =
      version === undefined
        ? await markPackage(app, tx, target, message)
        : await markRelease(app, tx, target, { version, message })
    if (!marked) return
    const { id, ecosystem, path, namespaceId } = target
    const what = { version: version ?? '', digest: marked.digest }
    await audit(app, tx, actor, {
      action: version === undefined ? 'package.deprecate' : 'release.deprecate',
      subject: `package:${ecosystem}:${path}`,
      namespaceId,
      detail: { ...(version !== undefined && { version }), message },
    })
    await appendLog(app, tx, { event: 'deprecate', ecosystem, name: path, ...what })
    const event = { event: 'deprecate', actor, package: target, details: { message } } as const
    await announce(app, tx, { ...event, ...what })
    await indexPackage(app, tx, id)
    await noteIndexChange(app, tx, target)
    changed(tx, packageTopic(id))
  })
}

/** Answers nothing when it is so already. */
async function markRelease(
  app: App,
  tx: Tx,
  target: Package,
  { version, message }: { version: string; message: string | null },
): Promise<{ digest: string } | undefined> {
  const release = await lockRelease(app, tx, target, version)
  requireNotRemoved(target, release)
  if (release.deprecation === message) return undefined
  await tx.updateTable('releases').set(noteOf(app, message)).where('id', '=', release.id).execute()
  return { digest: release.digest }
}

async function markPackage(
  app: App,
  tx: Tx,
  target: Package,
  message: string | null,
): Promise<{ digest: string } | undefined> {
  const { deprecation } = await tx
    .selectFrom('packages')
    .select('deprecation')
    .where('id', '=', target.id)
    .executeTakeFirstOrThrow()
  if (deprecation === message) return undefined
  await tx
    .updateTable('packages')
    .set({ ...noteOf(app, message), updatedAt: now(app) })
    .where('id', '=', target.id)
    .execute()
  return { digest: '' }
}

function noteOf(app: App, message: string | null) {
  return { deprecation: message, deprecatedAt: message === null ? null : now(app) }
}
