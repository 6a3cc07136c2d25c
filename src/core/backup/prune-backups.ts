import { RegistryError } from '#core/errors.ts'
import { readRows } from './row-file.ts'
import { listBackups } from './snapshots.ts'
import type { BackupTarget } from './target.ts'

/** What went. */
export interface PrunedBackups {
  readonly snapshots: readonly string[]
  readonly blobs: number
  readonly bytes: number
}

/**
 * Keeps the newest backups and the blobs that they name. A backup whose manifest is damaged may need
 * any blob: nothing goes until somebody has looked at it.
 */
export async function pruneBackups(target: BackupTarget, keep: number): Promise<PrunedBackups> {
  const { backups } = await listBackups(target)
  const damaged = backups.find(({ manifest }) => manifest === undefined)
  if (damaged) {
    const message = `nothing was pruned: ${damaged.problem}; delete that backup or mend it first`
    throw new RegistryError('conflict', message)
  }
  const old = backups.slice(0, Math.max(backups.length - keep, 0))
  for (const { snapshot } of old) await target.deleteSnapshot(snapshot)
  if (old.length === 0) return { snapshots: [], blobs: 0, bytes: 0 }
  const named = await digestsOf(
    target,
    backups.slice(old.length).map(({ snapshot }) => snapshot),
  )
  let [blobs, bytes] = [0, 0]
  for await (const { digest, size } of target.listBlobs()) {
    if (named.has(digest)) continue
    await target.deleteBlob(digest)
    blobs++
    bytes += size
  }
  return { snapshots: old.map(({ snapshot }) => snapshot), blobs, bytes }
}

async function digestsOf(
  target: BackupTarget,
  snapshots: readonly string[],
): Promise<ReadonlySet<string>> {
  const digests = new Set<string>()
  for (const snapshot of snapshots) {
    for await (const { digest } of readRows<{ digest: string }>(target, snapshot, 'blobs')) {
      digests.add(digest)
    }
  }
  return digests
}
