import type { Command } from 'commander'
import { z } from 'zod'
import { printable } from '#cli/client/printable.ts'
import { packagePath } from '#cli/ori/client.ts'
import { listVersions, metadataBody, newestVersion } from '#cli/ori/download-release.ts'
import { clientOf, oriCommand, type PackageSpec, packageValue } from '#cli/ori/ori-command.ts'
import { print, printJson, wantsJson } from '#cli/output.ts'

const infoBody = metadataBody.extend({
  description: z.string(),
  license: z.string().nullable(),
  repository: z.string().nullable(),
  keywords: z.array(z.string()),
  ori: z.string().nullable(),
  dependencies: z.array(z.looseObject({ name: z.string(), version: z.string(), kind: z.string() })),
  advisories: z.array(z.string()),
  published_at: z.string(),
  yank_reason: z.string().optional(),
})

type Info = z.infer<typeof infoBody>

/** `ori info`. */
export function oriInfo(): Command {
  return oriCommand({
    name: 'info',
    description: 'Show what a registry knows of a package, or of one version of it',
    examples: ['ori info @acme/json', 'ori info @acme/json@1.0.0 --json'],
  })
    .argument('<package>', '@scope/name, with @version for another than the newest', packageValue)
    .action(async ({ name, version }: PackageSpec, _options: object, command: Command) => {
      const client = await clientOf(command, { name })
      const wanted = version ?? (await newestVersion(client, name))
      const info = await client.read(`${packagePath(name, wanted)}/metadata`, infoBody)
      const versions = await listVersions(client, name)
      if (wantsJson(command)) {
        printJson({ ...info, versions })
        return
      }
      const known = versions.map((one) => `${one.version}${one.yanked ? ' (yanked)' : ''}`)
      for (const [label, value] of rows(info, known)) {
        if (value) print(`${`${label}:`.padEnd(14)}${printable(value)}`)
      }
    })
}

function rows(info: Info, versions: readonly string[]): Array<readonly [string, string | null]> {
  const needs = info.dependencies.filter(({ kind }) => kind !== 'dev')
  const yanked = info.yanked ? `yes${info.yank_reason ? `: ${info.yank_reason}` : ''}` : null
  return [
    ['package', `${info.name} ${info.version}`],
    ['description', info.description],
    ['deprecated', info.deprecated?.message ?? null],
    ['yanked', yanked],
    ['advisories', info.advisories.join(', ')],
    ['license', info.license],
    ['repository', info.repository],
    ['keywords', info.keywords.join(', ')],
    ['ori', info.ori],
    ['published', info.published_at],
    ['checksum', info.checksum],
    ['size', `${info.size} bytes`],
    ['needs', needs.map((one) => `${one.name}@${one.version}`).join(', ')],
    ['versions', versions.join(', ')],
  ]
}
