import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { printOutcome } from '#cli/output.ts'
import { PACKAGE_ARGUMENT, readPackage } from '#cli/package-argument.ts'
import { CLI, withApp } from '#cli/with-app.ts'
import { deprecateRelease } from '#core/releases/deprecate-release.ts'

/** `package deprecate`. */
export function packageDeprecate(): Command {
  return newCommand({
    name: 'deprecate',
    description: 'Tell everybody who uses a package, or one release of it, what to use instead',
    examples: [
      'package deprecate oci/acme/web "use acme/site"',
      'package deprecate ori/@acme/json "use 2.x" --release 1.0.0',
      'package deprecate oci/acme/web',
    ],
  })
    .argument(...PACKAGE_ARGUMENT)
    .argument('[message]', 'what to say; without it, the deprecation is taken back')
    .option('--release <version>', 'this release alone; for an image, its digest')
    .action(
      async (
        name: string,
        message: string | undefined,
        { release: version }: { release?: string },
        command: Command,
      ) => {
        const wanted = { message: message ?? null, ...(version !== undefined && { version }) }
        await withApp(command, (app) => deprecateRelease(app, CLI, readPackage(app, name), wanted))
        const what = version === undefined ? name : `${name} ${version}`
        const told =
          message === undefined ? `${what} is not deprecated any more` : `deprecated ${what}`
        printOutcome(command, told, { package: name, ...wanted })
      },
    )
}
