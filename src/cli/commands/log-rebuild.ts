import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { plural, printOutcome } from '#cli/output.ts'
import { withApp } from '#cli/with-app.ts'
import { rebuildLog } from '#core/log/rebuild-log.ts'

/** `log rebuild`. */
export function logRebuild(): Command {
  return newCommand({
    name: 'rebuild',
    description: 'Make the tiles of the log again from its entries',
    examples: ['log rebuild'],
  }).action(async (_options: object, command: Command) => {
    const { size } = await withApp(command, rebuildLog)
    const sentence = `The tiles of ${plural(size, 'record')} are those of the checkpoint.`
    printOutcome(command, sentence, { size })
  })
}
