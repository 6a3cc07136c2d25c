import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { idValue } from '#cli/option-values.ts'
import { everyPage, moment, printList, printOutcome } from '#cli/output.ts'
import { PACKAGE_ARGUMENT, readPackage } from '#cli/package-argument.ts'
import { CLI, withApp } from '#cli/with-app.ts'
import { acceptTransfer } from '#core/packages/transfer/accept-transfer.ts'
import { cancelTransfer, declineTransfer } from '#core/packages/transfer/end-transfer.ts'
import { listTransfers } from '#core/packages/transfer/list-transfers.ts'
import { offerTransfer } from '#core/packages/transfer/offer-transfer.ts'

const ID_ARGUMENT = ['<id>', 'as `entrepot package transfer list` shows it', idValue] as const

/** `package transfer offer`. */
export function transferOffer(): Command {
  return newCommand({
    name: 'offer',
    description: 'Offer a package to another namespace or user, who then has seven days to accept',
    examples: ['package transfer offer oci/acme/web --to samco'],
  })
    .argument(...PACKAGE_ARGUMENT)
    .requiredOption('--to <name>', 'a namespace, or else a user')
    .action(async (name: string, { to }: { to: string }, command: Command) => {
      const made = await withApp(command, (app) =>
        offerTransfer(app, CLI, readPackage(app, name), { to }),
      )
      printOutcome(command, `offered ${name} to ${to} as transfer ${made.id}`, made)
    })
}

/** `package transfer list`. */
export function transferList(): Command {
  return newCommand({
    name: 'list',
    description: 'Show transfers that can still be decided, or all of them',
    examples: ['package transfer list', 'package transfer list --all'],
  })
    .option('--all', 'also those that are over')
    .action(async ({ all }: { all?: true }, command: Command) => {
      const found = await withApp(command, (app) =>
        everyPage((page) => listTransfers(app, CLI, { ...page, isPending: !all })),
      )
      printList(command, found, {
        id: ({ id }) => String(id),
        package: ({ ecosystem, path }) => `${ecosystem}/${path}`,
        to: ({ toNamespace, toUser }) => toNamespace ?? toUser,
        status: ({ status }) => status,
        expires: ({ expiresAt }) => moment(expiresAt),
      })
    })
}

/** `package transfer accept`. */
export function transferAccept(): Command {
  return newCommand({
    name: 'accept',
    description: 'Move an offered package to the namespace that it was offered to',
    examples: ['package transfer accept 12', 'package transfer accept 12 --namespace samco'],
  })
    .argument(...ID_ARGUMENT)
    .option('--namespace <name>', 'where it goes, when it was offered to a user')
    .action(async (id: number, { namespace }: { namespace?: string }, command: Command) => {
      const wanted = { id, ...(namespace !== undefined && { namespace }) }
      const moved = await withApp(command, (app) => acceptTransfer(app, CLI, wanted))
      printOutcome(command, `${moved.path} is ${moved.toPath ?? ''} now`, moved)
    })
}

/** `package transfer decline`. */
export function transferDecline(): Command {
  return newCommand({
    name: 'decline',
    description: 'Say no to an offer',
    examples: ['package transfer decline 12'],
  })
    .argument(...ID_ARGUMENT)
    .action(async (id: number, _options: object, command: Command) => {
      const ended = await withApp(command, (app) => declineTransfer(app, CLI, id))
      printOutcome(command, `declined the transfer ${id}`, ended)
    })
}

/** `package transfer cancel`. */
export function transferCancel(): Command {
  return newCommand({
    name: 'cancel',
    description: 'Take an offer back',
    examples: ['package transfer cancel 12'],
  })
    .argument(...ID_ARGUMENT)
    .action(async (id: number, _options: object, command: Command) => {
      const ended = await withApp(command, (app) => cancelTransfer(app, CLI, id))
      printOutcome(command, `cancelled the transfer ${id}`, ended)
    })
}
