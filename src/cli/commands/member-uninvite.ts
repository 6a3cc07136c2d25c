import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { printOutcome } from '#cli/output.ts'
import { CLI, withApp } from '#cli/with-app.ts'
import { withdrawInvitation } from '#core/namespaces/members/withdraw-invitation.ts'

/** `member uninvite`. */
export function memberUninvite(): Command {
  return newCommand({
    name: 'uninvite',
    description: 'Take an invitation back that waits for its first sign-in',
    examples: ['member uninvite acme bob@example.org'],
  })
    .argument('<namespace>', 'where')
    .argument('<email>', 'who')
    .action(async (namespace: string, email: string, _options: object, command: Command) => {
      await withApp(command, (app) => withdrawInvitation(app, CLI, namespace, email))
      const value = { namespace, email, withdrawn: true }
      printOutcome(command, `${email} is not invited to ${namespace} any more`, value)
    })
}
