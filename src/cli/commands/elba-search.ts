import type { Command } from 'commander'
import { z } from 'zod'
import { clientOf, elbaCommand } from '#cli/elba/elba-command.ts'
import { printList } from '#cli/output.ts'

const searchBody = z.object({
  packages: z.array(z.object({ group: z.string(), package: z.string() })),
})

/** `elba search`. */
export function elbaSearch(): Command {
  return elbaCommand({
    name: 'search',
    description: 'Find packages by words of their names, descriptions and keywords; best first',
    examples: ['elba search json parser'],
  })
    .argument('<words...>', 'what to look for')
    .action(async (words: string[], _options: object, command: Command) => {
      const query = new URLSearchParams({ q: words.join(' ') })
      const client = await clientOf(command)
      const { packages } = await client.read(`/packages/search?${query}`, searchBody)
      const found = packages.map((one) => ({ name: `${one.group}/${one.package}` }))
      printList(command, found, { name: ({ name }) => name })
    })
}
