import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { printOutcome } from '#cli/output.ts'
import { CLI, withApp } from '#cli/with-app.ts'
import { removeMember } from '#core/namespaces/members/remove-member.ts'

/** `member remove`. */
export function memberRemove(): Command {
  return newCommand({
    name: 'remove',
    description: 'Take a user’s role in a namespace away',
    examples: ['member remove acme bob'],
  })
    .argument('<namespace>', 'where')
    .argument('<user>', 'who')
    .action(async (namespace: string, user: string, _options: object, command: Command) => {
      await withApp(command, (app) => removeMember(app, CLI, namespace, user))
      const value = { namespace, user, removed: true }
      printOutcome(command, `${user} is no member of ${namespace} any more`, value)
    })
}
