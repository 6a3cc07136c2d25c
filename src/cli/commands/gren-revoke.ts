import type { Command } from 'commander'
import { z } from 'zod'
import { ask, canAsk } from '#cli/client/ask.ts'
import { printable } from '#cli/client/printable.ts'
import { CliError } from '#cli/failure.ts'
import { packagePath } from '#cli/gren/client.ts'
import { clientOf, grenCommand, nameValue, versionValue } from '#cli/gren/gren-command.ts'
import { note, printOutcome } from '#cli/output.ts'

interface Options {
  readonly all?: true
  readonly yes?: true
  readonly reason?: string
}

const revokedBody = z.object({
  revoked: z.array(z.string()),
  dependents: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      requires: z.string(),
      breaks: z.boolean(),
    }),
  ),
})

/** `gren revoke`. */
export function grenRevoke(): Command {
  return grenCommand({
    name: 'revoke',
    description: 'Delete a version for good: its content is gone, its number stays taken',
    examples: [
      'gren revoke acme/json 1.0.1 --reason "has a secret in it"',
      'gren revoke acme/json --all --yes',
    ],
  })
    .argument('<name>', 'the package, like acme/json', nameValue)
    .argument('[version]', 'which version', versionValue)
    .option('--all', 'every version')
    .option('--reason <text>', 'why, for the audit')
    .option('-y, --yes', 'do not ask')
    .action(
      async (name: string, version: string | undefined, options: Options, command: Command) => {
        if ((version === undefined) !== (options.all === true)) {
          command.error('error: give either a version or --all')
        }
        const client = await clientOf(command)
        const what = `${name} ${version ?? '(all versions)'}`
        if (!options.yes) await confirm(what, client.url)
        const { reason } = options
        const path = packagePath(name, version)
        const change = { method: 'DELETE', path, body: { ...(reason && { reason }) } } as const
        const { revoked, dependents } = await client.change(change, revokedBody)
        for (const one of dependents) {
          const effect = one.breaks ? 'cannot be installed any more' : 'may need it'
          note(printable(`warning: ${one.name} ${one.version} ${effect} (${one.requires})`))
        }
        const sentence = `revoked ${name} ${revoked.join(', ')}`
        printOutcome(command, sentence, { name, revoked, dependents })
      },
    )
}

async function confirm(what: string, url: string): Promise<void> {
  if (!canAsk()) {
    throw new CliError(`${what} would be gone for good`, 'if that is meant, say so: --yes')
  }
  const answer = await ask(`Revoke ${what} at ${url}? It can never be had again. [y/N] `)
  if (!/^y(es)?$/i.test(answer.trim())) throw new CliError('stopped', 'nothing was revoked')
}
