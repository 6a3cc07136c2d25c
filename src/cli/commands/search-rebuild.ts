import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { plural, printOutcome } from '#cli/output.ts'
import { startProgress } from '#cli/progress.ts'
import { withApp } from '#cli/with-app.ts'
import { rebuildSearch } from '#core/search/rebuild-search.ts'

/** `search rebuild`. */
export function searchRebuild(): Command {
  return newCommand({
    name: 'rebuild',
    description: 'Write again what search knows of every package; it answers meanwhile',
    examples: ['search rebuild'],
  }).action(async (_options: object, command: Command) => {
    const progress = startProgress('indexing')
    const packages = await withApp(command, (app) =>
      rebuildSearch(app, { onProgress: (state) => progress.update(state) }),
    )
    progress.clear()
    printOutcome(command, `search knows ${plural(packages, 'package')}`, { packages })
  })
}
