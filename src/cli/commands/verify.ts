import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { note, plural, print, printJson, wantsJson } from '#cli/output.ts'
import { type Progress, startProgress } from '#cli/progress.ts'
import { withApp } from '#cli/with-app.ts'
import type { Problem } from '#core/verify/problem.ts'
import { type Verified, verify as verifyAll } from '#core/verify/verify.ts'

interface Options {
  readonly quick?: boolean
}

/** `verify`. */
export function verify(): Command {
  return newCommand({
    name: 'verify',
    description: 'Check that everything is there and fits together; exit code 1 when it does not',
    examples: ['verify', 'verify --quick'],
  })
    .option('--quick', 'check that files are there and their sizes, not their bytes')
    .action(async ({ quick = false }: Options, command: Command) => {
      const problems: Problem[] = []
      const progress = startProgress('verifying')
      const verified = await withApp(command, (app) =>
        verifyAll(app, {
          checkBytes: !quick,
          onProblem: (problem) => {
            if (wantsJson(command)) problems.push(problem)
            else printProblem(problem, progress)
          },
          onProgress: ({ done, total, what }) => progress.update({ done, total, note: what }),
        }),
      )
      progress.clear()
      if (wantsJson(command)) printJson({ ...verified, problems })
      else summarize(verified)
      if (verified.problems > 0) process.exitCode = 1
    })
}

function printProblem({ kind, subject, detail }: Problem, progress: Progress): void {
  progress.clear()
  print(`${kind}\t${subject}\t${detail}`)
}

/** On stderr: stdout is the list of problems, empty when all is well. */
function summarize({ checked, problems, orphans }: Verified): void {
  const rows = Object.values(checked).reduce((sum, count) => sum + count, 0)
  note(
    `checked ${plural(rows, 'record')}: ${problems === 0 ? 'all is well' : plural(problems, 'problem')}`,
  )
  if (orphans > 0) note(`${plural(orphans, 'file')} without a record: \`entrepot gc\` removes them`)
}
