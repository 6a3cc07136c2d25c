import type { Command } from 'commander'
import { newCommand } from '#cli/command.ts'
import { plural, print, printJson, wantsJson } from '#cli/output.ts'
import { withApp } from '#cli/with-app.ts'
import { getIndexed, listIndexed } from '#core/index/index-state.ts'
import { type IndexRebuilt, rebuildIndex } from '#core/index/rebuild-index.ts'

/** `index rebuild`. */
export function indexRebuild(): Command {
  return newCommand({
    name: 'rebuild',
    description:
      'Make indices again from the database; what was right comes out byte for byte the same',
    examples: ['index rebuild', 'index rebuild elba'],
  })
    .argument('[ecosystem]', 'only the index of this one')
    .action(async (id: string | undefined, _options: object, command: Command) => {
      const rebuilt = await withApp(command, async (app) => {
        const results: IndexRebuilt[] = []
        const chosen = id === undefined ? listIndexed(app) : [getIndexed(app, id)]
        for (const ecosystem of chosen) results.push(await rebuildIndex(app, ecosystem))
        return results
      })
      if (wantsJson(command)) printJson(rebuilt)
      else for (const one of rebuilt) print(sentenceOf(one))
    })
}

function sentenceOf({ ecosystem, commits, added, head }: IndexRebuilt): string {
  const news = added === 0 ? 'nothing was wrong' : `put right by ${plural(added, 'new commit')}`
  return `The index of ${ecosystem} has ${plural(commits, 'commit')}, the last is ${head}: ${news}.`
}
