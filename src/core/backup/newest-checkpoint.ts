import { readCheckpoint } from '#core/log/checkpoint.ts'
import type { Manifest } from './manifest.ts'
import { listBackups } from './snapshots.ts'
import type { BackupTarget } from './target.ts'

/** The newest checkpoint of the log of a backup that its place knows of; empty when none was signed. */
export async function newestCheckpoint(
  target: BackupTarget,
  { log }: Manifest,
): Promise<{ readonly size: number; readonly checkpoint: string }> {
  if (log.checkpoint === '') return log
  const { origin } = readCheckpoint(log.checkpoint)
  let newest = log
  for (const { manifest } of (await listBackups(target)).backups) {
    if (!manifest || manifest.log.size <= newest.size) continue
    if (readCheckpoint(manifest.log.checkpoint).origin === origin) newest = manifest.log
  }
  return newest
}
