import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { idValue } from '#cli/option-values.ts'
import { printOutcome } from '#cli/output.ts'
import { CLI, withApp } from '#cli/with-app.ts'
import { discardJob } from '#core/jobs/discard-job.ts'

/** `jobs discard`. */
export function jobsDiscard(): Command {
  return newCommand({
    name: 'discard',
    description: 'Give up a dead or waiting job: it will not run',
    examples: ['jobs discard 7'],
  })
    .argument('<id>', 'as `entrepot jobs list` shows it', idValue)
    .action(async (id: number, _options: object, command: Command) => {
      await withApp(command, (app) => discardJob(app, CLI, id))
      printOutcome(command, `discarded the job ${id}`, { id, discarded: true })
    })
}
