import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { printOutcome } from '#cli/output.ts'
import { CLI, withApp } from '#cli/with-app.ts'
import { createNamespace } from '#core/namespaces/create-namespace.ts'

/** `namespace create`. */
export function namespaceCreate(): Command {
  return newCommand({
    name: 'create',
    description: 'Make a namespace: who owns the names in it',
    examples: ['namespace create acme --owner ann'],
  })
    .argument('<name>', 'the name')
    .requiredOption('--owner <user>', 'its first admin')
    .action(async (name: string, { owner }: { owner: string }, command: Command) => {
      const namespace = await withApp(command, (app) => createNamespace(app, CLI, { name, owner }))
      printOutcome(command, `made the namespace ${namespace.name} for ${owner}`, namespace)
    })
}
