import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { everyPage, moment, printList } from '#cli/output.ts'
import { CLI, withApp } from '#cli/with-app.ts'
import { listUsers } from '#core/accounts/list-users.ts'

/** `user list`. */
export function userList(): Command {
  return newCommand({
    name: 'list',
    description: 'Show every account',
    examples: ['user list', 'user list --json'],
  }).action(async (_options: object, command: Command) => {
    const users = await withApp(command, (app) => everyPage((page) => listUsers(app, CLI, page)))
    printList(command, users, {
      name: (user) => user.name,
      email: (user) => user.email,
      operator: (user) => (user.isOperator ? 'yes' : 'no'),
      created: (user) => moment(user.createdAt),
      disabled: (user) => moment(user.disabledAt),
    })
  })
}
