import type { Command } from 'commander'
import { z } from 'zod'
import { idValue } from '#cli/option-values.ts'
import { clientOf, oriCommand } from '#cli/ori/ori-command.ts'
import { note, printJson, printList, wantsJson } from '#cli/output.ts'

const FILTERS = ['scope', 'keyword', 'category'] as const

type Options = Partial<Record<(typeof FILTERS)[number], string>> & {
  readonly page: number
  readonly limit: number
}

const searchBody = z.object({
  total: z.number(),
  results: z.array(
    z.looseObject({
      name: z.string(),
      version: z.string(),
      description: z.string(),
      keywords: z.array(z.string()),
      deprecated: z.string().nullable(),
    }),
  ),
})

/** `ori search`. */
export function oriSearch(): Command {
  return oriCommand({
    name: 'search',
    description: 'Find packages by words of their names, descriptions and keywords',
    examples: ['ori search json parser', 'ori search http --scope acme --json'],
  })
    .argument('<words...>', 'what to look for')
    .option('--scope <scope>', 'only packages of this scope')
    .option('--keyword <word>', 'only packages with this keyword')
    .option('--category <name>', 'only packages of this category')
    .option('--page <number>', 'which page of the results', idValue, 1)
    .option('--limit <number>', 'results on a page, up to 100', idValue, 20)
    .action(async (words: string[], options: Options, command: Command) => {
      const query = new URLSearchParams({ q: words.join(' ') })
      query.set('page', String(options.page))
      query.set('per_page', String(options.limit))
      for (const filter of FILTERS) {
        const value = options[filter]
        if (value !== undefined) query.set(filter, value)
      }
      const client = await clientOf(command)
      const { total, results } = await client.read(`/search?${query}`, searchBody)
      if (wantsJson(command)) {
        printJson({ total, results })
        return
      }
      printList(command, results, {
        name: ({ name }) => name,
        version: ({ version }) => version,
        description: ({ description }) => description,
        deprecated: ({ deprecated }) => deprecated ?? undefined,
      })
      const shown = (options.page - 1) * options.limit + results.length
      if (shown < total) note(`${total} found; --page ${options.page + 1} has more`)
    })
}
