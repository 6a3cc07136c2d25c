import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { everyPage, moment, printList } from '#cli/output.ts'
import { CLI, withApp } from '#cli/with-app.ts'
import { listMembers } from '#core/namespaces/members/list-members.ts'

/** `member list`. */
export function memberList(): Command {
  return newCommand({
    name: 'list',
    description: 'Show who has which role in a namespace',
    examples: ['member list acme'],
  })
    .argument('<namespace>', 'where')
    .action(async (namespace: string, _options: object, command: Command) => {
      const members = await withApp(command, (app) =>
        everyPage((page) => listMembers(app, CLI, namespace, page)),
      )
      printList(command, members, {
        user: (member) => member.user,
        role: (member) => member.role,
        since: (member) => moment(member.createdAt),
      })
    })
}
