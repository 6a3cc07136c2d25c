import { type Command, InvalidArgumentError } from 'commander'
import { claimBackupDir, fsBackups } from '#adapters/fs-backups.ts'
import { readSecrets } from '#adapters/fs-data-dir.ts'
import { newCommand } from '#cli/command.ts'
import { explainEnvironment } from '#cli/environment-failure.ts'
import { formatBytes, note, plural, print, printJson, wantsJson } from '#cli/output.ts'
import { startProgress } from '#cli/progress.ts'
import { sourcesOf } from '#cli/settings-options.ts'
import { VERSION } from '#cli/version.ts'
import { withApp } from '#cli/with-app.ts'
import { loadConfig } from '#config.ts'
import { type CreatedBackup, createBackup } from '#core/backup/create-backup.ts'
import { rowsOf } from '#core/backup/manifest.ts'
import { type PrunedBackups, pruneBackups } from '#core/backup/prune-backups.ts'

interface Options {
  readonly keep?: number
}

/** `backup create`. */
export function backupCreate(): Command {
  return newCommand({
    name: 'create',
    description: 'Back up database, blobs and keys into a directory, while the server runs',
    examples: ['backup create /var/backups/entrepot', 'backup create /mnt/backups --keep 14'],
  })
    .argument('<dir>', 'where backups are kept; blobs that it has are not copied again')
    .option('--keep <n>', 'then remove all but the newest n backups', atLeastOne)
    .action(async (dir: string, { keep }: Options, command: Command) => {
      const config = loadConfig(sourcesOf(command))
      const lock = await claimBackupDir(dir).catch((error: unknown) => {
        throw explainEnvironment(error, config) ?? error
      })
      const progress = startProgress('backing up')
      try {
        const target = fsBackups(dir)
        const created = await withApp(command, (app) =>
          createBackup(app, {
            target,
            version: VERSION,
            readSecrets: () => readSecrets(config.dataDir),
            onProgress: ({ what, ...state }) => progress.update({ ...state, note: what }),
          }),
        )
        const pruned = keep === undefined ? undefined : await pruneBackups(target, keep)
        progress.clear()
        if (wantsJson(command)) printJson({ ...summaryOf(created), ...(pruned && { pruned }) })
        else tell(created, pruned)
        if (config.logSeeds)
          note('the log’s key is a setting here, not in the data: keep it elsewhere')
      } finally {
        progress.clear()
        lock.release()
      }
    })
}

function summaryOf({ snapshot, manifest, copied }: CreatedBackup) {
  const { createdAt, blobs, log } = manifest
  return { snapshot, createdAt, releases: rowsOf(manifest, 'releases'), blobs, copied, log }
}

function tell({ snapshot, manifest, copied }: CreatedBackup, pruned?: PrunedBackups): void {
  const { blobs } = manifest
  print(
    `${snapshot}: ${plural(rowsOf(manifest, 'releases'), 'release')}, ${plural(blobs.count, 'blob')} of ${formatBytes(blobs.bytes)}, ${copied.blobs} of them new (${formatBytes(copied.bytes)})`,
  )
  if (!pruned || pruned.snapshots.length === 0) return
  const removed = plural(pruned.snapshots.length, 'old backup')
  print(`removed ${removed} and ${plural(pruned.blobs, 'blob')} (${formatBytes(pruned.bytes)})`)
}

function atLeastOne(raw: string): number {
  const number = Number(raw)
  if (Number.isSafeInteger(number) && number >= 1) return number
  throw new InvalidArgumentError('expected a whole number, at least 1')
}
