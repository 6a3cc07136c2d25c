import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { printOutcome } from '#cli/output.ts'
import { CLI, withApp } from '#cli/with-app.ts'
import { disableUser } from '#core/accounts/disable-user.ts'
import { viewUser } from '#core/accounts/view-user.ts'

/** `user disable`. */
export function userDisable(): Command {
  return newCommand({
    name: 'disable',
    description: 'Lock an account out, with all its tokens, at once',
    examples: ['user disable bob'],
  })
    .argument('<name>', 'whose account')
    .action((name: string, _options: object, command: Command) => setDisabled(command, name, true))
}

/** `user enable`. */
export function userEnable(): Command {
  return newCommand({
    name: 'enable',
    description: 'Let a disabled account in again',
    examples: ['user enable bob'],
  })
    .argument('<name>', 'whose account')
    .action((name: string, _options: object, command: Command) => setDisabled(command, name, false))
}

async function setDisabled(command: Command, name: string, disabled: boolean): Promise<void> {
  const user = await withApp(command, async (app) => {
    await disableUser(app, CLI, name, disabled)
    return await viewUser(app, CLI, name)
  })
  printOutcome(command, `${disabled ? 'disabled' : 'enabled'} the user ${user.name}`, user)
}
