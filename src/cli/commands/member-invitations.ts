import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { everyPage, moment, printList } from '#cli/output.ts'
import { CLI, withApp } from '#cli/with-app.ts'
import { listInvitations } from '#core/namespaces/members/list-invitations.ts'

/** `member invitations`. */
export function memberInvitations(): Command {
  return newCommand({
    name: 'invitations',
    description: 'Show who was invited to a namespace and did not sign in yet',
    examples: ['member invitations acme'],
  })
    .argument('<namespace>', 'where')
    .action(async (namespace: string, _options: object, command: Command) => {
      const invitations = await withApp(command, (app) =>
        everyPage((page) => listInvitations(app, CLI, namespace, page)),
      )
      printList(command, invitations, {
        email: (one) => one.email,
        role: (one) => one.role,
        by: (one) => one.invitedBy,
        expires: (one) => moment(one.expiresAt),
      })
    })
}
