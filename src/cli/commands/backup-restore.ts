import type { Command } from 'commander'
import { fsBackups } from '#adapters/fs-backups.ts'
import { type Restored, restoreOnto } from '#cli/backup/restore.ts'
import { newCommand } from '#cli/command.ts'
import { explainEnvironment } from '#cli/environment-failure.ts'
import { formatBytes, note, plural, print, printJson, wantsJson } from '#cli/output.ts'
import { startProgress } from '#cli/progress.ts'
import { sourcesOf } from '#cli/settings-options.ts'
import { loadConfig } from '#config.ts'
import { type Manifest, rowsOf } from '#core/backup/manifest.ts'
import { getBackup } from '#core/backup/snapshots.ts'

interface Options {
  readonly from: string
  readonly at?: string
}

/** `backup restore`. */
export function backupRestore(): Command {
  return newCommand({
    name: 'restore',
    description: 'Restore a backup onto an empty data directory and an empty database',
    examples: [
      'backup restore --from /var/backups/entrepot --data /var/lib/entrepot',
      'backup restore --from DIR --at 2026-01-31T030000Z',
    ],
  })
    .requiredOption('--from <dir>', 'where backups are kept')
    .option('--at <backup>', 'which one, as `backup list` names it; the newest without')
    .action(async ({ from, at }: Options, command: Command) => {
      const config = loadConfig(sourcesOf(command))
      const target = fsBackups(from)
      const { snapshot, manifest } = await getBackup(target, at)
      const progress = startProgress('restoring')
      try {
        const restored = await restoreOnto(config, {
          target,
          snapshot,
          manifest,
          onProgress: ({ what, ...state }) => progress.update({ ...state, note: what }),
        })
        progress.clear()
        if (wantsJson(command)) printJson({ snapshot, createdAt: manifest.createdAt, ...restored })
        else tell(snapshot, manifest, restored)
        if (restored.problems.length > 0) process.exitCode = 1
      } catch (error) {
        throw explainEnvironment(error, config) ?? error
      } finally {
        progress.clear()
      }
    })
}

function tell(snapshot: string, manifest: Manifest, restored: Restored): void {
  for (const { kind, subject, detail } of restored.problems) note(`${kind}\t${subject}\t${detail}`)
  const { count, bytes } = manifest.blobs
  const outcome =
    restored.problems.length === 0 ? 'all is well' : plural(restored.problems.length, 'problem')
  print(
    `restored ${snapshot}: ${plural(rowsOf(manifest, 'releases'), 'release')}, ${plural(count, 'blob')} of ${formatBytes(bytes)}, log of ${plural(manifest.log.size, 'record')}; ${outcome}`,
  )
  if (restored.lostEntries === 0) return
  note(
    `a newer backup knows ${plural(restored.lostEntries, 'more record')} of the log: it is not signed on from here, see docs/backup.md`,
  )
}
