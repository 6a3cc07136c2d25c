import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { printOutcome } from '#cli/output.ts'
import { CLI, withApp } from '#cli/with-app.ts'
import { createUser } from '#core/accounts/create-user.ts'

/** `user create`. */
export function userCreate(): Command {
  return newCommand({
    name: 'create',
    description: 'Make an account',
    examples: [
      'user create ann --email ann@example.org --operator',
      'user create bob --email bob@example.org',
    ],
  })
    .argument('<name>', 'the name: letters, digits, and single . _ - between them')
    .requiredOption('--email <address>', 'where to reach this person')
    .option('--operator', 'staff of the whole registry: may do everything')
    .action(async (name: string, options: { email: string; operator?: true }, command: Command) => {
      const { email, operator: isOperator = false } = options
      const user = await withApp(command, (app) =>
        createUser(app, CLI, { name, email, isOperator }),
      )
      const what = user.isOperator ? 'operator' : 'user'
      printOutcome(command, `made the ${what} ${user.name}`, user)
    })
}
