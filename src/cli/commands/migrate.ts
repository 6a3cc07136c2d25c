import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { printOutcome } from '#cli/output.ts'
import { withApp } from '#cli/with-app.ts'

/** `migrate`. */
export function migrate(): Command {
  return newCommand({
    name: 'migrate',
    description: 'Bring the database’s schema up to date; `serve` does so too',
    examples: ['migrate', 'migrate --database-url postgres://entrepot@localhost/entrepot'],
  }).action(async (_options: object, command: Command) => {
    const applied = await withApp(command, async (_app, migrated) => migrated)
    const did = applied.length === 0 ? 'nothing to do' : `applied ${applied.join(', ')}`
    printOutcome(command, `the schema is up to date: ${did}`, { applied })
  })
}
