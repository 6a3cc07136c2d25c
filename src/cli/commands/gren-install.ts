import type { Command } from 'commander'
import { clientOf, grenCommand } from '#cli/gren/gren-command.ts'
import { type InstalledPackage, installProject } from '#cli/gren/install-project.ts'
import { getProject } from '#cli/gren/project.ts'
import { logKeyValue } from '#cli/option-values.ts'
import { note, plural, printList } from '#cli/output.ts'
import { addWitnessOptions, quorumOf, type WitnessOptions } from '#cli/witness-options.ts'

interface Options extends WitnessOptions {
  readonly fresh?: true
  readonly logKey?: string
}

/** `gren install`. */
export function grenInstall(): Command {
  const command = grenCommand({
    name: 'install',
    description:
      'Put the bundles of all dependencies into gren_packages; the compiler then needs no network',
    examples: ['gren install', 'gren install apps/web --fresh'],
  })
    .argument('[folder]', 'where gren.json is', '.')
    .option('--fresh', 'download what is there already, too')
    .option('--log-key <key>', 'the verifier key of the registry’s log, from now on', logKeyValue)
  return addWitnessOptions(command).action(
    async (folder: string, options: Options, command: Command) => {
      const project = await getProject(folder)
      const client = await clientOf(command)
      const installed = await installProject(client, project, {
        isFresh: options.fresh === true,
        logKey: options.logKey,
        quorum: quorumOf(options),
      })
      printList(command, installed, {
        package: ({ name }) => name,
        version: ({ version }) => version,
        from: ({ from }) => from,
      })
      note(summaryOf(installed))
    },
  )
}

function summaryOf(installed: readonly InstalledPackage[]): string {
  const downloaded = installed.filter(({ from }) => from === 'registry').length
  if (installed.length === 0) return 'the project has no dependencies'
  const checked = downloaded === 0 ? '' : ', checksum and log proof right'
  return `${plural(installed.length, 'package')} in gren_packages: ${downloaded} downloaded${checked}`
}
