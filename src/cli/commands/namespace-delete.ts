import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { printOutcome } from '#cli/output.ts'
import { CLI, withApp } from '#cli/with-app.ts'
import { deleteNamespace } from '#core/namespaces/delete-namespace.ts'

/** `namespace delete`. */
export function namespaceDelete(): Command {
  return newCommand({
    name: 'delete',
    description: 'End a namespace with all its packages; the server removes them in the background',
    examples: ['namespace delete acme'],
  })
    .argument('<name>', 'the name')
    .action(async (name: string, _options: object, command: Command) => {
      await withApp(command, (app) => deleteNamespace(app, CLI, name))
      const sentence = `the namespace ${name} is closed; a running server removes its content`
      printOutcome(command, sentence, { name, status: 'terminating' })
    })
}
