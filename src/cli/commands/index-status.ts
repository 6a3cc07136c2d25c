import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { moment, printList } from '#cli/output.ts'
import { withApp } from '#cli/with-app.ts'
import { listIndexed } from '#core/index/index-state.ts'
import { type IndexStatus, readIndexStatus } from '#core/index/index-status.ts'

/** `index status`. */
export function indexStatus(): Command {
  return newCommand({
    name: 'status',
    description: 'Show the indices, and how far the repositories of this machine are',
    examples: ['index status', 'index status --json'],
  }).action(async (_options: object, command: Command) => {
    const statuses = await withApp(command, async (app) => {
      const found: IndexStatus[] = []
      for (const ecosystem of listIndexed(app)) found.push(await readIndexStatus(app, ecosystem))
      return found
    })
    printList(command, statuses, {
      ecosystem: ({ ecosystem }) => ecosystem,
      files: ({ files }) => files,
      commits: ({ commits }) => commits,
      waiting: ({ waiting }) => waiting,
      repository: ({ repository }) => repository,
      head: ({ head }) => head,
      committed: ({ committedAt }) => moment(committedAt),
    })
  })
}
