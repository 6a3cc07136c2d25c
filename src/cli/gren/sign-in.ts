import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { RefusedError } from '#cli/client/answers.ts'
import type { Answer } from '#cli/client/send.ts'
import { CliError } from '#cli/failure.ts'
import type { GrenClient } from './client.ts'

const startedBody = z.object({ fetchSessionToken: z.string() })
const sessionBody = z.object({ sessionToken: z.string() })
const linkBody = z.object({ fetchUrl: z.string() })
const authBody = z.object({ authToken: z.string() })

const POLL_MS = { usual: 2_000, least: 500, most: 30_000 }
/** The link is good for 15 minutes; then the registry says so, if it is there to say it. */
const MAX_POLLS_MS = 20 * 60_000
const OVER = 'begin again: `entrepot gren login`'

/** Has a code mailed; answers what it will be shown with. */
export async function startByCode(client: GrenClient, email: string): Promise<string> {
  const change = { method: 'POST', path: '/session', body: { email } } as const
  return (await client.change(change, startedBody)).fetchSessionToken
}

/** Shows the code; answers the session, and nothing when the code is wrong or over. */
export async function fetchByCode(
  client: GrenClient,
  { fetchToken, code }: { fetchToken: string; code: string },
): Promise<string | undefined> {
  const body = { fetchSessionToken: fetchToken, emailConfirmationCode: code.trim() }
  const change = { method: 'POST', path: '/session/fetch', body } as const
  try {
    return (await client.change(change, sessionBody)).sessionToken
  } catch (error) {
    if (error instanceof RefusedError && error.status === 400) return undefined
    throw error
  }
}

/** Has a link mailed; answers the path where to ask whether it was opened. */
export async function startByLink(client: GrenClient, email: string): Promise<string> {
  const change = { method: 'POST', path: '/users', body: { email } } as const
  const { fetchUrl } = await client.change(change, linkBody)
  // The registry may know itself by another address than the one that is used here.
  const nonce = /\/users\/login\/([\w-]+)$/.exec(fetchUrl)?.[1]
  if (nonce !== undefined) return `/users/login/${nonce}`
  const hint = 'try without --link, and tell the registry’s operator'
  throw new CliError(`${client.url} does not say where to wait for the link`, hint)
}

/**
 * Waits until the link was opened and its button pressed; answers the session. `stop` ends the waiting
 * between two requests, never within one: its answer is given only once.
 */
export async function fetchByLink(
  client: GrenClient,
  path: string,
  stop: AbortSignal,
): Promise<string> {
  const endsAt = Date.now() + MAX_POLLS_MS
  while (!stop.aborted && Date.now() < endsAt) {
    const answer = await poll(client, path)
    if (answer.status !== 202) return sessionIn(client, answer)
    await sleep(waitOf(answer), undefined, { signal: stop }).catch(() => {})
  }
  const message = stop.aborted ? 'stopped: you are not signed in' : 'the link was not opened'
  throw new CliError(message, `${OVER} --link`)
}

/** Signs out; a session that is over already needs no ending. */
export async function endSession(client: GrenClient): Promise<void> {
  try {
    await client.change({ method: 'DELETE', path: '/session' }, z.unknown())
  } catch (error) {
    if (!(error instanceof RefusedError) || error.status !== 401) throw error
  }
}

async function poll(client: GrenClient, path: string): Promise<Answer> {
  try {
    return await client.get(path)
  } catch (error) {
    if (!(error instanceof RefusedError) || error.status !== 410) throw error
    throw new CliError('the link is over: it was used or not opened in time', `${OVER} --link`)
  }
}

function sessionIn({ url }: GrenClient, { bytes }: Answer): string {
  try {
    return authBody.parse(JSON.parse(Buffer.from(bytes).toString())).authToken
  } catch (error) {
    throw new CliError(`${url} gives no session for the link`, OVER, error)
  }
}

function waitOf({ headers }: Answer): number {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN)
  const millis = Number.isNaN(seconds) ? POLL_MS.usual : seconds * 1000
  return Math.min(Math.max(millis, POLL_MS.least), POLL_MS.most)
}
