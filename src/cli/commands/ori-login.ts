import { text } from 'node:stream/consumers'
import type { Command } from 'commander'
import { z } from 'zod'
import { askSecret, canAsk } from '#cli/client/ask.ts'
import { homePath } from '#cli/client/home-files.ts'
import { CliError } from '#cli/failure.ts'
import { createClient } from '#cli/ori/client.ts'
import { oriCommand, registryOf } from '#cli/ori/ori-command.ts'
import { ORI_CREDENTIALS, storeToken } from '#cli/ori/registry.ts'
import { printOutcome } from '#cli/output.ts'

const loginBody = z.object({
  user: z.string(),
  scopes: z.array(z.string()),
  expires_at: z.string().nullable(),
})

/** `ori login`. */
export function oriLogin(): Command {
  return oriCommand({
    name: 'login',
    description: 'Read a token from the terminal or stdin, try it, and keep it for its registry',
    examples: ['ori login', 'ori login --registry https://registry.example.org/ori < token.txt'],
  }).action(async (_options: object, command: Command) => {
    const { url } = await registryOf(command)
    const token = (await readToken(url)).trim()
    if (!/^[\x21-\x7e]+$/.test(token)) {
      throw new CliError('that is no token', '`entrepot token create` makes one')
    }
    const client = createClient({ url, token })
    const { user, scopes, expires_at: expiresAt } = await client.change('/login', loginBody)
    await storeToken(url, token)
    const place = homePath(ORI_CREDENTIALS)
    const sentence = `${user} (${scopes.join(', ')}) is logged in to ${url}; kept in ${place}`
    printOutcome(command, sentence, { url, user, scopes, expiresAt })
  })
}

async function readToken(url: string): Promise<string> {
  return canAsk() ? await askSecret(`Token for ${url}: `) : await text(process.stdin)
}
