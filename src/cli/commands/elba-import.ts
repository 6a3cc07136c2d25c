import { stat } from 'node:fs/promises'
import type { Command } from 'commander'
import { printable } from '#cli/client/printable.ts'
import { newCommand } from '#cli/command.ts'
import { Tarballs } from '#cli/elba-import/find-tarball.ts'
import { type ImportReport, importIndex, type Problem } from '#cli/elba-import/import-index.ts'
import { openIndex } from '#cli/elba-import/open-index.ts'
import { type Index, readIndex } from '#cli/elba-import/read-index.ts'
import { CliError } from '#cli/failure.ts'
import { plural, print, printJson, wantsJson } from '#cli/output.ts'
import { startProgress } from '#cli/progress.ts'
import { sourcesOf } from '#cli/settings-options.ts'
import { withApp } from '#cli/with-app.ts'
import { loadConfig } from '#config.ts'
import { getUser } from '#core/accounts/find-user.ts'

interface Options {
  readonly owner: string
  readonly tarballs?: string
}

/** `elba import`. */
export function elbaImport(): Command {
  return newCommand({
    name: 'import',
    description:
      "Take over an index of elba with its archives, into this registry's data; again only what is missing",
    examples: [
      'elba import https://github.com/elba/index --owner ann',
      'elba import index+git+https://example.org/index.git#master --owner ann',
      'elba import ./index --tarballs ./storage --owner ann',
    ],
  })
    .argument('<index>', 'a folder, or the URL of a git repository')
    .requiredOption('--owner <user>', 'who gets the groups that are new, and the packages')
    .option('--tarballs <folder>', 'archives as {group}_{name}_{version}.tar.gz, looked for first')
    .action(async (source: string, { owner, tarballs }: Options, command: Command) => {
      if (tarballs !== undefined) await requireFolder(tarballs)
      const { folder, isRemote, close } = await openIndex(
        source,
        loadConfig(sourcesOf(command)).git,
      )
      const index = await readIndex(folder).finally(close)
      const archives = new Tarballs({ isRemote, ...(tarballs !== undefined && { tarballs }) })
      const report = await importRead(command, index, { owner, archives })
      if (report.failed.length > 0) process.exitCode = 1
      if (wantsJson(command)) printJson(report)
      else tell(report)
    })
}

/** A slip of the pen must not look like an empty folder. */
async function requireFolder(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (!found?.isDirectory()) {
    throw new CliError(`there is no folder ${path}`, 'name the folder that the archives are in')
  }
}

async function importRead(
  command: Command,
  index: Index,
  { owner: name, archives }: { owner: string; archives: Tarballs },
): Promise<ImportReport> {
  return await withApp(command, async (app) => {
    const owner = await getUser(app.database.db, name)
    if (owner.disabledAt !== undefined) {
      throw new CliError(`${owner.name} is disabled`, 'name another --owner')
    }
    const progress = startProgress('importing')
    return await importIndex({ app, owner, tarballs: archives }, index, (done, total, entry) =>
      progress.update({ done, total, note: `${entry.name} ${entry.version}` }),
    ).finally(() => progress.clear())
  })
}

function tell({ imported, present, skipped, failed }: ImportReport): void {
  const parts = [`imported ${plural(imported, 'release')}`, `${present} were here already`]
  print([...parts, `skipped ${skipped.length}`, `failed ${failed.length}`].join(', '))
  const list = (state: string, problems: readonly Problem[]) => {
    for (const problem of problems) {
      const what = [problem.package, problem.version].filter((part) => part !== undefined)
      print(printable(`${state} ${what.join(' ')}: ${problem.reason}`))
    }
  }
  list('skipped', skipped)
  list('failed', failed)
}
