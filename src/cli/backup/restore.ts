import { type ClaimedDataDir, claimDataDir, LOG_CHECKPOINT } from '#adapters/fs-data-dir.ts'
import { stderrLog } from '#cli/stderr-log.ts'
import { openForRestore, openRestoredApp } from '#compose.ts'
import type { Config } from '#config.ts'
import type { App } from '#core/app.ts'
import { newestCheckpoint } from '#core/backup/newest-checkpoint.ts'
import {
  type RestoreSource,
  requireKnownSchema,
  restoreBackup,
} from '#core/backup/restore-backup.ts'
import { requireSound } from '#core/backup/verify-backup.ts'
import { RegistryError } from '#core/errors.ts'
import { rebuildSearch } from '#core/search/rebuild-search.ts'
import type { Problem } from '#core/verify/problem.ts'
import { type Verified, verify } from '#core/verify/verify.ts'

/** What a restore found at its end. */
export interface Restored {
  readonly verified: Verified
  readonly problems: readonly Problem[]
  /** Entries of the log that other backups have and this one has not. */
  readonly lostEntries: number
}

/**
 * Restores a backup onto an empty data directory and database, and verifies the outcome. Until the
 * end the directory is marked: no server starts on half a registry.
 */
export async function restoreOnto(config: Config, source: RestoreSource): Promise<Restored> {
  requireKnownSchema(source.manifest)
  const claimed = await claimDataDir(config.dataDir)
  try {
    const { target, snapshot, manifest } = source
    await requireSound(target, snapshot, manifest)
    await fill(config, source)
    await writeSecrets(claimed, source)
    const newest = await newestCheckpoint(target, manifest)
    if (newest.checkpoint !== '') {
      await claimed.writeSecret(LOG_CHECKPOINT, Buffer.from(newest.checkpoint))
    }
    const outcome = await checkRestored(config, source)
    await claimed.finish()
    return { ...outcome, lostEntries: newest.size - manifest.log.size }
  } finally {
    claimed.release()
  }
}

async function fill(config: Config, source: RestoreSource): Promise<void> {
  const { database, blobs } = await openForRestore(config, stderrLog(config.logLevel))
  try {
    await restoreBackup({ database, blobs }, source)
  } finally {
    await database.close()
  }
}

async function writeSecrets(
  claimed: ClaimedDataDir,
  { target, snapshot, manifest }: RestoreSource,
): Promise<void> {
  for (const { name } of manifest.files) {
    const [folder, base = ''] = name.split('/')
    if (folder !== 'secrets') continue
    const body = await target.readFile(snapshot, name)
    if (!body) throw new RegistryError('unprocessable', `${snapshot}/${name} is missing`)
    await claimed.writeSecret(base, Buffer.concat(await Array.fromAsync(body)))
  }
}

/** Brings the schema up to date, makes search anew, and checks that all fits together. */
async function checkRestored(
  config: Config,
  source: RestoreSource,
): Promise<{ readonly verified: Verified; readonly problems: readonly Problem[] }> {
  const { app, close } = await openRestoredApp(config, stderrLog(config.logLevel))
  try {
    await rebuildSearch(app, {
      onProgress: (state) => source.onProgress?.({ what: 'search', ...state }),
    })
    return await verifyAll(app, source)
  } finally {
    await close()
  }
}

async function verifyAll(app: App, { onProgress }: RestoreSource) {
  const problems: Problem[] = []
  const verified = await verify(app, {
    // Every byte was compared with its digest on its way here.
    checkBytes: false,
    onProblem: (problem) => problems.push(problem),
    onProgress: ({ done, total }) => onProgress?.({ what: 'rows', done, total }),
  })
  return { verified, problems }
}
