import { text } from 'node:stream/consumers'
import type { Command } from 'commander'
import { z } from 'zod'
import { askSecret, canAsk } from '#cli/client/ask.ts'
import { homePath } from '#cli/client/home-files.ts'
import { createClient } from '#cli/elba/client.ts'
import { elbaCommand, registryOf } from '#cli/elba/elba-command.ts'
import { ELBA_CREDENTIALS, storeToken } from '#cli/elba/registry.ts'
import { CliError } from '#cli/failure.ts'
import { printOutcome } from '#cli/output.ts'

const selfBody = z.object({ user: z.object({ name: z.string() }).nullable() })

/** `elba login`. */
export function elbaLogin(): Command {
  return elbaCommand({
    name: 'login',
    description: 'Try a token, and keep it for its registry',
    examples: [
      'elba login',
      'elba login --registry https://registry.example.org/elba < token.txt',
      'elba login TOKEN',
    ],
  })
    .argument('[token]', 'read from the terminal or stdin unless given; others may see it here')
    .action(async (given: string | undefined, _options: object, command: Command) => {
      const { url } = await registryOf(command)
      const token = (given ?? (await readToken(url))).trim()
      if (!/^[\x21-\x7e]+$/.test(token)) {
        throw new CliError('that is no token', '`entrepot token create` makes one')
      }
      const { user } = await createClient({ url, token }).read('/users/metadata', selfBody)
      await storeToken(url, token)
      const who = user?.name ?? 'a robot'
      const sentence = `${who} is logged in to ${url}; kept in ${homePath(ELBA_CREDENTIALS)}`
      printOutcome(command, sentence, { url, user: user?.name ?? null })
    })
}

async function readToken(url: string): Promise<string> {
  return canAsk() ? await askSecret(`Token for ${url}: `) : await text(process.stdin)
}
