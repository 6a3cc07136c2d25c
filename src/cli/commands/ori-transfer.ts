import type { Command } from 'commander'
import { z } from 'zod'
import { idValue } from '#cli/option-values.ts'
import { packagePath } from '#cli/ori/client.ts'
import { clientOf, nameValue, oriCommand } from '#cli/ori/ori-command.ts'
import { printOutcome } from '#cli/output.ts'

interface Options {
  readonly to?: string
  readonly accept?: number
  readonly decline?: number
  readonly cancel?: number
  readonly scope?: string
}

const transferBody = z.object({
  transfer: z.object({
    id: z.string(),
    package: z.string(),
    to: z.string().nullable(),
    new_name: z.string().optional(),
    status: z.string(),
    expires_at: z.string(),
  }),
})

type Transfer = z.infer<typeof transferBody>['transfer']

/** `ori transfer`. */
export function oriTransfer(): Command {
  return oriCommand({
    name: 'transfer',
    description: 'Offer a package to somebody else, who then accepts or declines it',
    examples: [
      'ori transfer @acme/json --to samco',
      'ori transfer @acme/json --accept 12',
      'ori transfer @acme/json --accept 12 --scope samco',
      'ori transfer @acme/json --cancel 12',
    ],
  })
    .argument('<package>', 'which, like @acme/json', nameValue)
    .option('--to <name>', 'offer it to this scope or user, for seven days')
    .option('--accept <id>', 'take what was offered', idValue)
    .option('--decline <id>', 'say no to what was offered', idValue)
    .option('--cancel <id>', 'take an offer back', idValue)
    .option('--scope <scope>', 'with --accept: into which of your scopes')
    .action(async (name: string, options: Options, command: Command) => {
      const { to, accept, decline, cancel, scope } = options
      const asked = { to, accept, decline, cancel }
      if (Object.values(asked).filter((value) => value !== undefined).length !== 1) {
        command.error('error: give one of --to, --accept, --decline and --cancel')
      }
      if (scope !== undefined && accept === undefined) {
        command.error('error: --scope goes with --accept')
      }
      const body = { ...asked, scope }
      const client = await clientOf(command, { name })
      const path = `${packagePath(name)}/transfer`
      const { transfer } = await client.change(path, transferBody, { body })
      printOutcome(command, sentenceOf(transfer), transfer)
    })
}

function sentenceOf({ id, package: name, to, new_name: newName, status, expires_at }: Transfer) {
  if (status === 'accepted') return `${name} is ${newName ?? name} now`
  if (status !== 'pending') return `transfer ${id} of ${name} is ${status}`
  const answer = `entrepot ori transfer ${name} --accept ${id}`
  return `offered ${name} to ${to ?? ''} as transfer ${id}, until ${expires_at}\n${answer}`
}
