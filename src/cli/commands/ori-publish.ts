import type { Command } from 'commander'
import { z } from 'zod'
import { CliError } from '#cli/failure.ts'
import { createClient, packagePath } from '#cli/ori/client.ts'
import { oriCommand, registryOf } from '#cli/ori/ori-command.ts'
import { printable } from '#cli/ori/printable.ts'
import { findProject, type PackedProject, packProject } from '#cli/ori/project.ts'
import { formatBytes, note, plural, printOutcome } from '#cli/output.ts'
import { startProgress } from '#cli/progress.ts'

const publishedBody = z.object({
  name: z.string(),
  version: z.string(),
  checksum: z.string(),
  warnings: z.array(z.string()),
})

/** `ori publish`. */
export function oriPublish(): Command {
  return oriCommand({
    name: 'publish',
    description: 'Pack a project, check it as the registry will, and publish it',
    examples: ['ori publish', 'ori publish packages/json --dry-run'],
  })
    .argument('[folder]', 'where oripk.toml is', '.')
    .option('--dry-run', 'pack and check only; nothing is sent')
    .action(async (folder: string, { dryRun }: { dryRun?: true }, command: Command) => {
      const project = await findProject(folder)
      if (!project) {
        throw new CliError(`there is no oripk.toml in ${folder}`, 'name the folder of a project')
      }
      const packed = await packProject(project)
      const { name, version } = project.manifest
      const about = { name, version, checksum: packed.checksum, size: packed.bytes.byteLength }
      const size = formatBytes(packed.bytes.byteLength)
      const what = `${name} ${version} (${plural(packed.files.length, 'file')}, ${size})`
      if (dryRun) {
        for (const warning of packed.warnings) note(`warning: ${printable(warning)}`)
        const value = { ...about, files: packed.files, warnings: packed.warnings }
        printOutcome(command, `${what} could be published\n${packed.checksum}`, value)
        return
      }
      const registry = await registryOf(command, { name, folder, isPublish: true })
      const progress = startProgress(`publishing ${name} ${version}`)
      progress.update({ done: 0, total: packed.bytes.byteLength })
      const published = await createClient(registry)
        .change(`${packagePath(name)}/publish`, publishedBody, { form: formOf(packed) })
        .finally(() => progress.clear())
      if (published.checksum !== packed.checksum) {
        const hint = 'yank it, and do not trust this registry until its operator has explained it'
        throw new CliError(`${registry.url} kept something else: ${published.checksum}`, hint)
      }
      for (const warning of published.warnings) note(`warning: ${printable(warning)}`)
      const sentence = `published ${what} to ${registry.url}\n${packed.checksum}`
      printOutcome(command, sentence, { ...about, warnings: published.warnings })
    })
}

/** Bytes rather than a stream: their length is told, and they can be sent again. */
function formOf({ bytes, checksum }: PackedProject) {
  const boundary = `ori-${checksum.slice('sha256:'.length)}`
  const part = (head: string) => `--${boundary}\r\ncontent-disposition: form-data; ${head}\r\n`
  const form = Buffer.concat([
    Buffer.from(`${part('name="checksum"')}\r\n${checksum}\r\n`),
    Buffer.from(part('name="archive"; filename="package.oripk"')),
    Buffer.from('content-type: application/vnd.ori.oripk\r\n\r\n'),
    bytes,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ])
  return { type: `multipart/form-data; boundary=${boundary}`, bytes: new Uint8Array(form) }
}
