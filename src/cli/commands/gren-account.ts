import type { Command } from 'commander'
import { printable } from '#cli/client/printable.ts'
import { CliError } from '#cli/failure.ts'
import { createClient } from '#cli/gren/client.ts'
import { clientOf, grenCommand, registryOf } from '#cli/gren/gren-command.ts'
import { findCredential, forgetCredential, tokenOfEnvironment } from '#cli/gren/registry.ts'
import { endSession } from '#cli/gren/sign-in.ts'
import { readUser } from '#cli/gren/user.ts'
import { note, print, printJson, printOutcome, wantsJson } from '#cli/output.ts'

/** `gren logout`. */
export function grenLogout(): Command {
  return grenCommand({
    name: 'logout',
    description: 'End the session at the registry, and forget it here',
    examples: ['gren logout', 'gren logout --local'],
  })
    .option('--local', 'only forget it here, when the registry cannot be reached')
    .action(async ({ local }: { local?: true }, command: Command) => {
      const { url } = await registryOf(command)
      const kept = await findCredential(url)
      if (!kept) {
        throw new CliError(`nobody is signed in to ${url}`, 'name another one with --registry URL')
      }
      if (!local) await endSession(createClient({ url, token: kept.token }))
      await forgetCredential(url)
      const who = printable(kept.email)
      printOutcome(command, `${who} is signed out of ${url}`, { url, email: kept.email })
      if (tokenOfEnvironment() !== undefined) note('GREN_REGISTRY_TOKEN is still set')
    })
}

/** `gren whoami`. */
export function grenWhoami(): Command {
  return grenCommand({
    name: 'whoami',
    description: 'Show who is signed in, and their publishing identities',
    examples: ['gren whoami', 'gren whoami --json'],
  }).action(async (_options: object, command: Command) => {
    const client = await clientOf(command)
    const user = await readUser(client)
    if (wantsJson(command)) {
      printJson({ url: client.url, ...user })
      return
    }
    print(printable(`${user.name} <${user.email}> at ${client.url}`))
    for (const { name, role } of user.publishingIdentities) print(printable(`${name}: ${role}`))
  })
}
