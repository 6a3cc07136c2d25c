import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { idValue } from '#cli/option-values.ts'
import { printOutcome } from '#cli/output.ts'
import { CLI, withApp } from '#cli/with-app.ts'
import { retryJob } from '#core/jobs/retry-job.ts'

/** `jobs retry`. */
export function jobsRetry(): Command {
  return newCommand({
    name: 'retry',
    description: 'Let a dead job run again; a running server takes it up within seconds',
    examples: ['jobs retry 7'],
  })
    .argument('<id>', 'as `entrepot jobs list` shows it', idValue)
    .action(async (id: number, _options: object, command: Command) => {
      await withApp(command, (app) => retryJob(app, CLI, id))
      printOutcome(command, `the job ${id} runs again`, { id, state: 'waiting' })
    })
}
