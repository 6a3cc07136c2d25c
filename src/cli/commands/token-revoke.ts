import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { idValue } from '#cli/option-values.ts'
import { printOutcome } from '#cli/output.ts'
import { CLI, withApp } from '#cli/with-app.ts'
import { revokeToken } from '#core/tokens/revoke-token.ts'

/** `token revoke`. */
export function tokenRevoke(): Command {
  return newCommand({
    name: 'revoke',
    description: 'End a token at once, everywhere',
    examples: ['token revoke 12'],
  })
    .argument('<id>', 'as `entrepot token list` shows it', idValue)
    .action(async (id: number, _options: object, command: Command) => {
      await withApp(command, (app) => revokeToken(app, CLI, id))
      printOutcome(command, `revoked the token ${id}`, { id, revoked: true })
    })
}
