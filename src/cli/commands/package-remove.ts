import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { note, plural, printOutcome } from '#cli/output.ts'
import { PACKAGE_ARGUMENT, readPackage } from '#cli/package-argument.ts'
import { CLI, withApp } from '#cli/with-app.ts'
import { removeRelease } from '#core/releases/remove-release.ts'

/** `package remove`. */
export function packageRemove(): Command {
  return newCommand({
    name: 'remove',
    description: 'Take a release’s content away for good; its version is never published again',
    examples: ['package remove ori/@acme/json 1.0.0 --reason "holds a private key"'],
  })
    .argument(...PACKAGE_ARGUMENT)
    .argument('<version>', 'which release; for an image, its digest')
    .requiredOption('--reason <text>', 'why, for the audit')
    .action(
      async (name: string, version: string, { reason }: { reason: string }, command: Command) => {
        const { keptDigests } = await withApp(command, (app) =>
          removeRelease(app, CLI, readPackage(app, name), { version, reason }),
        )
        const value = { package: name, version, removed: true, keptDigests }
        printOutcome(command, `removed ${name} ${version} for good`, value)
        if (keptDigests.length === 0) return
        note(`${plural(keptDigests.length, 'file')} of it stay, as other releases have them too:`)
        for (const digest of keptDigests) note(`  ${digest}`)
      },
    )
}
