import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { plural, printOutcome } from '#cli/output.ts'
import { CLI, withApp } from '#cli/with-app.ts'
import { rebuildRepository } from '#core/index/index-repository.ts'
import { getIndexed } from '#core/index/index-state.ts'
import { squashIndex } from '#core/index/squash-index.ts'

/** `index squash`. */
export function indexSquash(): Command {
  return newCommand({
    name: 'squash',
    description: 'Replace the history of an index by one commit; who has a clone must take it anew',
    examples: ['index squash elba'],
  })
    .argument('<ecosystem>', 'whose index')
    .action(async (id: string, _options: object, command: Command) => {
      const { commitId, dropped } = await withApp(command, async (app) => {
        const ecosystem = getIndexed(app, id)
        const squashed = await squashIndex(app, CLI, ecosystem)
        await rebuildRepository(app, ecosystem)
        return { commitId: squashed.commit.commitId, dropped: squashed.dropped }
      })
      const sentence = `The index of ${id} begins with ${commitId}, in place of ${plural(dropped, 'commit')}.`
      printOutcome(command, sentence, { ecosystem: id, commitId, dropped })
    })
}
