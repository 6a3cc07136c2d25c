import type { Command } from 'commander'
import { z } from 'zod'
import { type Form, makeForm } from '#cli/client/form.ts'
import { printable } from '#cli/client/printable.ts'
import { CliError } from '#cli/failure.ts'
import { createClient } from '#cli/gren/client.ts'
import { grenCommand, registryOf } from '#cli/gren/gren-command.ts'
import { type PackedPackage, packProject, problemLine } from '#cli/gren/pack-project.ts'
import { getProject } from '#cli/gren/project.ts'
import { formatBytes, note, plural, printOutcome } from '#cli/output.ts'
import { startProgress } from '#cli/progress.ts'

interface Options {
  readonly dryRun?: true
  readonly private?: true
}

const publishedBody = z.object({
  name: z.string(),
  version: z.string(),
  sha256: z.string(),
  warnings: z.array(z.object({ path: z.string(), problem: z.string() })).default([]),
})

/** `gren publish`. */
export function grenPublish(): Command {
  return grenCommand({
    name: 'publish',
    description: 'Pack a package, check it as the registry will, and publish it',
    examples: ['gren publish', 'gren publish packages/json --dry-run', 'gren publish --private'],
  })
    .argument('[folder]', 'where gren.json is', '.')
    .option('--dry-run', 'pack and check only; nothing is sent')
    .option('--private', 'a new package becomes private, as with "private": true in gren.json')
    .action(async (folder: string, options: Options, command: Command) => {
      const project = await getProject(folder)
      const packed = await packProject(project, { isPrivate: options.private === true })
      const { name, version } = packed.outline
      const { sha256, modules } = packed
      const size = packed.bundle.byteLength
      const extras = [...packed.extras.keys()]
      const what = `${name} ${version} (${plural(modules.length, 'module')}, ${formatBytes(size)})`
      const about = { name, version, sha256, size, modules, with: extras }
      if (options.dryRun) {
        for (const warning of packed.warnings) note(`warning: ${printable(warning)}`)
        const value = { ...about, warnings: packed.warnings }
        printOutcome(command, `${what} could be published\nsha256:${sha256}`, value)
        return
      }
      const { url, warnings } = await publish(command, packed)
      for (const warning of warnings) note(`warning: ${printable(warning)}`)
      printOutcome(command, `published ${what} to ${url}\nsha256:${sha256}`, { ...about, warnings })
    })
}

async function publish(
  command: Command,
  packed: PackedPackage,
): Promise<{ url: string; warnings: string[] }> {
  const { outline, sha256 } = packed
  const client = createClient(await registryOf(command))
  const progress = startProgress(`publishing ${outline.name} ${outline.version}`)
  const published = await client
    .change(
      {
        method: 'POST',
        path: '/package',
        form: formOf(packed),
        onUpload: (done, total) => progress.update({ done, total }),
      },
      publishedBody,
    )
    .finally(() => progress.clear())
  if (published.sha256 !== sha256) {
    const hint = 'revoke it, and do not trust this registry until its operator has explained it'
    throw new CliError(`${client.url} kept something else: ${published.sha256}`, hint)
  }
  const warnings = [...new Set([...packed.warnings, ...published.warnings.map(problemLine)])]
  return { url: client.url, warnings }
}

function formOf({ bundle, extras }: PackedPackage): Form {
  const texts = [...extras].map(([name, content]) => ({ name, file: name, content }))
  const type = 'application/gzip'
  return makeForm([{ name: 'bundle', file: 'package.pkg.gz', type, content: bundle }, ...texts])
}
