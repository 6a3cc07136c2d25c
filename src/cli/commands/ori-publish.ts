import type { Command } from 'commander'
import { z } from 'zod'
import { type Form, makeForm } from '#cli/client/form.ts'
import { printable } from '#cli/client/printable.ts'
import { CliError } from '#cli/failure.ts'
import { createClient, packagePath } from '#cli/ori/client.ts'
import { lockProject, type ProjectLock, writeLock } from '#cli/ori/lock-project.ts'
import { clientOf, oriCommand, registryOf } from '#cli/ori/ori-command.ts'
import { checkManifest, findProject, type PackedProject, packProject } from '#cli/ori/project.ts'
import { formatBytes, note, plural, printOutcome } from '#cli/output.ts'
import { startProgress } from '#cli/progress.ts'

interface Options {
  readonly dryRun?: true
  readonly locked?: true
}

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
    .option(
      '--locked',
      'fail when oripk.lock does not match oripk.toml, instead of writing it anew',
    )
    .action(async (folder: string, { dryRun, locked }: Options, command: Command) => {
      const project = await findProject(folder)
      if (!project) {
        throw new CliError(`there is no oripk.toml in ${folder}`, 'name the folder of a project')
      }
      checkManifest(project)
      const lock = await lockProject(project, {
        clientFor: (name) => clientOf(command, { name, folder }),
        mayChange: !locked,
      })
      const packed = await packProject(project, lock.text)
      tellChanges(lock, dryRun === true)
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
      if (lock.text !== undefined && lock.changes.length > 0) await writeLock(project, lock.text)
      const registry = await registryOf(command, { name, folder, isPublish: true })
      const progress = startProgress(`publishing ${name} ${version}`)
      const published = await createClient(registry)
        .change(`${packagePath(name)}/publish`, publishedBody, {
          form: formOf(packed),
          onUpload: (done, total) => progress.update({ done, total }),
        })
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

function tellChanges({ changes }: ProjectLock, isDryRun: boolean): void {
  if (changes.length === 0) return
  const what = isDryRun ? 'would be written' : 'is written'
  note(`oripk.lock ${what} anew:${changes.map((one) => `\n  ${printable(one)}`).join('')}`)
}

function formOf({ bytes, checksum }: PackedProject): Form {
  const type = 'application/vnd.ori.oripk'
  return makeForm([
    { name: 'checksum', content: checksum },
    { name: 'archive', file: 'package.oripk', type, content: bytes },
  ])
}
