import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { everyPage, formatBytes, moment, printList } from '#cli/output.ts'
import { CLI, withApp } from '#cli/with-app.ts'
import { listNamespaces } from '#core/namespaces/list-namespaces.ts'

/** `namespace list`. */
export function namespaceList(): Command {
  return newCommand({
    name: 'list',
    description: 'Show every namespace and what it holds',
    examples: ['namespace list', 'namespace list --json'],
  }).action(async (_options: object, command: Command) => {
    const namespaces = await withApp(command, (app) =>
      everyPage((page) => listNamespaces(app, CLI, page)),
    )
    // Programs that read the columns get numbers, people sizes.
    const size = (bytes: number) => (process.stdout.isTTY ? formatBytes(bytes) : bytes)
    printList(command, namespaces, {
      name: (namespace) => namespace.name,
      status: (namespace) => namespace.status,
      used: (namespace) => size(namespace.usedBytes),
      quota: ({ maxBytes }) => (maxBytes === null ? undefined : size(maxBytes)),
      created: (namespace) => moment(namespace.createdAt),
    })
  })
}
