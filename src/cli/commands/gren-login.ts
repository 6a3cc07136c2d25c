import type { Command } from 'commander'
import { ask, canAsk } from '#cli/client/ask.ts'
import { homePath } from '#cli/client/home-files.ts'
import { printable } from '#cli/client/printable.ts'
import { CliError } from '#cli/failure.ts'
import { createClient, type GrenClient } from '#cli/gren/client.ts'
import { grenCommand, registryOf } from '#cli/gren/gren-command.ts'
import {
  findBegun,
  findCredential,
  forgetBegun,
  GREN_CREDENTIALS,
  storeBegun,
  storeCredential,
  tokenOfEnvironment,
} from '#cli/gren/registry.ts'
import {
  endSession,
  fetchByCode,
  fetchByLink,
  startByCode,
  startByLink,
} from '#cli/gren/sign-in.ts'
import { readUser } from '#cli/gren/user.ts'
import { note, printOutcome } from '#cli/output.ts'

interface Options {
  readonly code?: string
  readonly link?: true
}

/** As many as the registry allows. */
const TRIES = 5

/** `gren login`. */
export function grenLogin(): Command {
  return grenCommand({
    name: 'login',
    description: 'Sign in by a code, or a link, that is mailed to you',
    examples: [
      'gren login me@example.org',
      'gren login --code A3F9L2PC',
      'gren login me@example.org --link',
    ],
  })
    .argument('[email]', 'your address; asked for unless given')
    .option('--code <code>', 'the code of the mail that was asked for before')
    .option('--link', 'wait until the link of the mail was opened, instead of asking for a code')
    .action(async (raw: string | undefined, { code, link }: Options, command: Command) => {
      if (code !== undefined && link) command.error('error: give either --code or --link')
      const { url } = await registryOf(command)
      const client = createClient({ url })
      const token =
        code === undefined
          ? await signIn(client, raw ?? (await askEmail()), link === true)
          : await complete(client, raw, code)
      if (token === undefined) {
        const value = { url, status: 'waiting for the code' }
        printOutcome(command, '`entrepot gren login --code CODE` completes it', value)
        return
      }
      await keep(command, url, token)
    })
}

async function signIn(
  client: GrenClient,
  email: string,
  isByLink: boolean,
): Promise<string | undefined> {
  if (isByLink) {
    const path = await startByLink(client, email)
    note(`a link was mailed to ${email}, good for 15 minutes; this waits until you confirmed it`)
    return await fetchByLink(client, path, stopSignal())
  }
  const fetchToken = await startByCode(client, email)
  await storeBegun(client.url, { email, fetchToken })
  note(`a code was mailed to ${email}, good for 15 minutes`)
  return canAsk() ? await askForCode(client, fetchToken) : undefined
}

async function askForCode(client: GrenClient, fetchToken: string): Promise<string> {
  for (let left = TRIES; left > 0; left--) {
    const token = await fetchByCode(client, { fetchToken, code: await ask('Code: ') })
    if (token !== undefined) return token
    note('that is not the code, or it is too late for it')
  }
  await forgetBegun(client.url)
  throw new CliError('too many wrong codes', 'begin again: `entrepot gren login`')
}

/** With the code for what another call began. */
async function complete(
  client: GrenClient,
  email: string | undefined,
  code: string,
): Promise<string> {
  const begun = await findBegun(client.url)
  if (!begun || (email !== undefined && email !== begun.email)) {
    const hint = 'first `entrepot gren login EMAIL` has a code mailed, good for 15 minutes'
    throw new CliError(`no sign-in to ${client.url} waits for this code`, hint)
  }
  const token = await fetchByCode(client, { fetchToken: begun.fetchToken, code })
  if (token !== undefined) return token
  const hint = `see whether it is as in the mail; after ${TRIES} tries or 15 minutes begin again`
  throw new CliError('that is not the code, or it is too late for it', hint)
}

async function keep(command: Command, url: string, token: string): Promise<void> {
  const { name, email } = await readUser(createClient({ url, token }))
  const before = await findCredential(url)
  await storeCredential(url, { token, email })
  await forgetBegun(url)
  // Nobody has it any more; that it lives on would be no harm.
  if (before) await endSession(createClient({ url, token: before.token })).catch(() => {})
  const place = homePath(GREN_CREDENTIALS)
  const who = printable(`${name} <${email}>`)
  printOutcome(command, `${who} is signed in to ${url}; kept in ${place}`, { url, name, email })
  if (tokenOfEnvironment() !== undefined) note('GREN_REGISTRY_TOKEN is set, and counts more')
}

async function askEmail(): Promise<string> {
  if (canAsk()) return (await ask('E-mail address: ')).trim()
  throw new CliError('whose sign-in?', 'give the address: `entrepot gren login EMAIL`')
}

/** Ctrl-C ends the waiting; a second one the program. */
function stopSignal(): AbortSignal {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  return stop.signal
}
