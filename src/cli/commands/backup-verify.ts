import type { Command } from 'commander'
import { fsBackups } from '#adapters/fs-backups.ts'
import { newCommand } from '#cli/command.ts'
import { note, plural, print, printJson, wantsJson } from '#cli/output.ts'
import { startProgress } from '#cli/progress.ts'
import { listBackups } from '#core/backup/snapshots.ts'
import { type BackupProblem, verifyBackup } from '#core/backup/verify-backup.ts'
import { RegistryError } from '#core/errors.ts'

interface Options {
  readonly at?: string
}

/** `backup verify`. */
export function backupVerify(): Command {
  return newCommand({
    name: 'verify',
    description: 'Read backups again and check every byte; exit code 1 when something is wrong',
    examples: ['backup verify /var/backups/entrepot', 'backup verify DIR --at 2026-01-31T030000Z'],
  })
    .argument('<dir>', 'where backups are kept')
    .option('--at <backup>', 'only this one; all of them without')
    .action(async (dir: string, { at }: Options, command: Command) => {
      const progress = startProgress('verifying')
      const problems: BackupProblem[] = []
      const onProblem = (problem: BackupProblem) => {
        problems.push(problem)
        progress.clear()
        if (!wantsJson(command)) print(`${problem.subject}\t${problem.detail}`)
      }
      const target = fsBackups(dir)
      const { backups } = await listBackups(target)
      const chosen = backups.filter(({ snapshot }) => at === undefined || snapshot === at)
      if (chosen.length === 0) {
        const message = at === undefined ? 'no complete backup' : `no backup ${at}`
        throw new RegistryError('not_found', `there is ${message} in ${target.place}`)
      }
      const checked = new Set<string>()
      for (const { snapshot, manifest, problem } of chosen) {
        if (manifest) {
          await verifyBackup(target, {
            snapshot,
            manifest,
            checked,
            onProblem,
            onProgress: ({ what, ...state }) => progress.update({ ...state, note: what }),
          })
        } else onProblem({ subject: snapshot, detail: problem ?? '' })
      }
      progress.clear()
      if (wantsJson(command)) printJson({ backups: chosen.length, blobs: checked.size, problems })
      else tell(chosen.length, checked.size, problems.length)
      if (problems.length > 0) process.exitCode = 1
    })
}

/** On stderr: stdout is the list of problems, empty when all is well. */
function tell(backups: number, blobs: number, problems: number): void {
  const outcome = problems === 0 ? 'all is well' : plural(problems, 'problem')
  note(`checked ${plural(backups, 'backup')} with ${plural(blobs, 'blob')}: ${outcome}`)
}
