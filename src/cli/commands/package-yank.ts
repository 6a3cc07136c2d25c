import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { printOutcome } from '#cli/output.ts'
import { PACKAGE_ARGUMENT, readPackage } from '#cli/package-argument.ts'
import { CLI, withApp } from '#cli/with-app.ts'
import { yankRelease } from '#core/releases/yank-release.ts'

/** `package yank`. */
export function packageYank(): Command {
  return newCommand({
    name: 'yank',
    description: 'Keep a release from new use; who has it locked can still get it',
    examples: ['package yank ori/@acme/json 1.0.0 --reason "loses data"'],
  })
    .argument(...PACKAGE_ARGUMENT)
    .argument('<version>', 'which release; for an image, its digest')
    .option('--reason <text>', 'why, for everybody to see')
    .action(
      async (name: string, version: string, { reason }: { reason?: string }, command: Command) => {
        const wanted = { version, isYanked: true, ...(reason !== undefined && { reason }) }
        await withApp(command, (app) => yankRelease(app, CLI, readPackage(app, name), wanted))
        const value = { package: name, version, yanked: true }
        printOutcome(command, `yanked ${name} ${version}`, value)
      },
    )
}

/** `package unyank`. */
export function packageUnyank(): Command {
  return newCommand({
    name: 'unyank',
    description: 'Take a yank back',
    examples: ['package unyank ori/@acme/json 1.0.0'],
  })
    .argument(...PACKAGE_ARGUMENT)
    .argument('<version>', 'which release; for an image, its digest')
    .action(async (name: string, version: string, _options: object, command: Command) => {
      const wanted = { version, isYanked: false }
      await withApp(command, (app) => yankRelease(app, CLI, readPackage(app, name), wanted))
      const value = { package: name, version, yanked: false }
      printOutcome(command, `${name} ${version} is not yanked any more`, value)
    })
}
