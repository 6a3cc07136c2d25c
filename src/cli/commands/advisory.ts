import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { type Command, Option } from 'commander'
import { newCommand } from '#cli/command.ts'
import { everyPage, moment, printList, printOutcome } from '#cli/output.ts'
import { CLI, withApp } from '#cli/with-app.ts'
import { addAdvisory } from '#core/advisories/add-advisory.ts'
import type { AdvisoryState } from '#core/advisories/advisory.ts'
import { parseAdvisory } from '#core/advisories/advisory-document.ts'
import { listAdvisories } from '#core/advisories/list-advisories.ts'
import { publishAdvisory } from '#core/advisories/publish-advisory.ts'
import { withdrawAdvisory } from '#core/advisories/withdraw-advisory.ts'
import { RegistryError } from '#core/errors.ts'

/** `advisory add`. */
export function advisoryAdd(): Command {
  return newCommand({
    name: 'add',
    description: 'Add an advisory from a JSON document of OSV, as a draft',
    examples: ['advisory add ORISA-2026-0001.json', 'advisory add --publish - < advisory.json'],
  })
    .argument('<file>', 'where the document is; - is stdin')
    .option('--publish', 'show it to everybody at once')
    .action(async (file: string, { publish }: { publish?: boolean }, command: Command) => {
      const written = parseAdvisory(parseJson(await read(file)))
      const added = await withApp(command, async (app) => {
        const draft = await addAdvisory(app, CLI, written)
        return publish ? await publishAdvisory(app, CLI, draft.id) : draft
      })
      printOutcome(command, `advisory ${added.id} is ${added.state}`, added)
    })
}

/** `advisory publish`. */
export function advisoryPublish(): Command {
  return newCommand({
    name: 'publish',
    description: 'Show a draft to everybody',
    examples: ['advisory publish ORISA-2026-0001'],
  })
    .argument('<id>', 'which, as listed')
    .action(async (id: string, _options: object, command: Command) => {
      const published = await withApp(command, (app) => publishAdvisory(app, CLI, id))
      printOutcome(command, `advisory ${id} is published`, published)
    })
}

/** `advisory withdraw`. */
export function advisoryWithdraw(): Command {
  return newCommand({
    name: 'withdraw',
    description: 'Mark a published advisory as withdrawn, or drop a draft',
    examples: ['advisory withdraw ORISA-2026-0001'],
  })
    .argument('<id>', 'which, as listed')
    .action(async (id: string, _options: object, command: Command) => {
      await withApp(command, (app) => withdrawAdvisory(app, CLI, id))
      printOutcome(command, `advisory ${id} is withdrawn`, { id })
    })
}

/** `advisory list`. */
export function advisoryList(): Command {
  return newCommand({
    name: 'list',
    description: 'Show the advisories of this registry, without drafts',
    examples: ['advisory list', 'advisory list --state draft'],
  })
    .addOption(
      new Option('--state <state>', 'only these').choices(['draft', 'published', 'withdrawn']),
    )
    .action(async (options: { state?: AdvisoryState }, command: Command) => {
      const advisories = await withApp(command, (app) =>
        everyPage((page) => listAdvisories(app, CLI, { ...page, ...options })),
      )
      printList(command, advisories, {
        id: ({ id }) => id,
        state: ({ state }) => state,
        modified: ({ modifiedAt }) => moment(modifiedAt),
        packages: ({ document }) =>
          document.affected.map((one) => one.package?.name ?? '').join(', '),
        summary: ({ document }) => document.summary,
      })
    })
}

function read(file: string): Promise<string> {
  return file === '-' ? text(process.stdin) : readFile(file, 'utf8')
}

function parseJson(raw: string): unknown {
  try {
    return JSON.parse(raw)
  } catch (error) {
    throw new RegistryError('invalid_request', 'the document is not JSON', { cause: error })
  }
}
