import type { Command } from 'commander'
import { createClient, releasePath } from '#cli/elba/client.ts'
import { elbaCommand, registryOf } from '#cli/elba/elba-command.ts'
import { packProject } from '#cli/elba/project.ts'
import { formatBytes, plural, printOutcome } from '#cli/output.ts'
import { startProgress } from '#cli/progress.ts'

/** `elba publish`. */
export function elbaPublish(): Command {
  return elbaCommand({
    name: 'publish',
    description: 'Pack a project, check it as the registry will, and publish it',
    examples: ['elba publish', 'elba publish packages/json --dry-run'],
  })
    .argument('[folder]', 'where elba.toml is', '.')
    .option('--dry-run', 'pack and check only; nothing is sent')
    .action(async (folder: string, { dryRun }: { dryRun?: true }, command: Command) => {
      const { manifest, bytes, checksum, files } = await packProject(folder)
      const { name, version } = manifest
      const size = bytes.byteLength
      const about = { name, version, checksum, size, files }
      const what = `${name} ${version} (${plural(files.length, 'file')}, ${formatBytes(size)})`
      if (dryRun) {
        printOutcome(command, `${what} could be published\n${checksum}`, about)
        return
      }
      const registry = await registryOf(command)
      const progress = startProgress(`publishing ${name} ${version}`)
      await createClient(registry)
        .change('PUT', `${releasePath(name, version)}/publish`, {
          body: bytes,
          onUpload: (done, total) => progress.update({ done, total }),
        })
        .finally(() => progress.clear())
      printOutcome(command, `published ${what} to ${registry.url}\n${checksum}`, about)
    })
}
