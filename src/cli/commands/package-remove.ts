import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { note, plural, printOutcome } from '#cli/output.ts'
import { PACKAGE_ARGUMENT, readPackage } from '#cli/package-argument.ts'
import { CLI, withApp } from '#cli/with-app.ts'
import { removeRelease } from '#core/releases/remove-release.ts'

interface Options {
  readonly reason: string
  readonly advisory?: true
}

/** `package remove`. */
export function packageRemove(): Command {
  return newCommand({
    name: 'remove',
    description: 'Take a release’s content away for good; its version is never published again',
    examples: [
      'package remove ori/@acme/json 1.0.0 --reason "holds a private key"',
      'package remove elba/acme/json 1.0.0 --reason "steals tokens" --advisory',
    ],
  })
    .argument(...PACKAGE_ARGUMENT)
    .argument('<version>', 'which release; for an image, its digest')
    .requiredOption('--reason <text>', 'why, for the audit')
    .option('--advisory', 'tell everybody who has it by an advisory, which gives the reason')
    .action(async (name: string, version: string, options: Options, command: Command) => {
      const { reason, advisory: isAdvised = false } = options
      const { keptDigests, advisory } = await withApp(command, (app) =>
        removeRelease(app, CLI, readPackage(app, name), { version, reason, isAdvised }),
      )
      const told = advisory === undefined ? '' : `; advisory ${advisory} tells of it`
      const value = { package: name, version, removed: true, keptDigests, advisory }
      printOutcome(command, `removed ${name} ${version} for good${told}`, value)
      if (keptDigests.length === 0) return
      note(`${plural(keptDigests.length, 'file')} of it stay, as other releases have them too:`)
      for (const digest of keptDigests) note(`  ${digest}`)
    })
}
