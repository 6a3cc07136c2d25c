import type { Command } from 'commander'
import { fsBackups } from '#adapters/fs-backups.ts'
import { newCommand } from '#cli/command.ts'
import { formatBytes, note, plural, printJson, printList, wantsJson } from '#cli/output.ts'
import { rowsOf } from '#core/backup/manifest.ts'
import { type ListedBackup, listBackups } from '#core/backup/snapshots.ts'

/** `backup list`. */
export function backupList(): Command {
  return newCommand({
    name: 'list',
    description: 'List the backups in a directory, the oldest first',
    examples: ['backup list /var/backups/entrepot'],
  })
    .argument('<dir>', 'where backups are kept')
    .action(async (dir: string, _options: object, command: Command) => {
      const { backups, unfinished } = await listBackups(fsBackups(dir))
      if (wantsJson(command)) {
        printJson({ backups: backups.map(view), unfinished })
        return
      }
      printList(command, backups.map(view), {
        backup: ({ snapshot }) => snapshot,
        releases: ({ releases }) => releases,
        blobs: ({ blobs }) => blobs,
        size: ({ bytes }) => (bytes === undefined ? undefined : formatBytes(bytes)),
        'log size': ({ logSize }) => logSize,
        state: ({ problem }) => problem ?? 'complete',
      })
      if (unfinished.length > 0) {
        const what = plural(unfinished.length, 'unfinished backup')
        note(`${what}: the next \`backup create\` removes it`)
      } else if (backups.length === 0) note(`there are no backups in ${dir}`)
    })
}

/** Its size is what restoring it takes: blobs are shared with the other backups. */
function view({ snapshot, manifest, problem }: ListedBackup) {
  if (!manifest) return { snapshot, problem }
  const { createdAt, blobs, files, log } = manifest
  const bytes = files.reduce((sum, { size }) => sum + size, blobs.bytes)
  const releases = rowsOf(manifest, 'releases')
  return { snapshot, createdAt, releases, blobs: blobs.count, bytes, logSize: log.size }
}
