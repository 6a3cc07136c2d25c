import { z } from 'zod'
import { accept, parseAnswer, type Refusals } from '#cli/client/answers.ts'
import type { Form } from '#cli/client/form.ts'
import { printable } from '#cli/client/printable.ts'
import { readLog } from '#cli/client/read-log.ts'
import { type Call, send } from '#cli/client/send.ts'
import type { LogClient } from '#cli/client/trusted-log.ts'
import type { OnUpload } from '#cli/client/upload.ts'
import type { OriRegistry } from './registry.ts'

/** What is sent to change something. */
interface Change {
  readonly body?: object
  /** A whole form, instead of JSON. */
  readonly form?: Form
  readonly onUpload?: OnUpload
}

/** One Ori registry, with the token for it. */
export interface OriClient extends LogClient {
  /** Reads JSON from a path below `/v1`. */
  read<T>(path: string, schema: z.ZodType<T>): Promise<T>
  /** Changes something at a path below `/v1`. */
  change<T>(path: string, schema: z.ZodType<T>, change?: Change): Promise<T>
  /** Reads a file from a path below `/v1`. */
  file(path: string, onProgress?: Call['onProgress']): Promise<Uint8Array>
}

/** What to do next, by status. */
const HINTS: Readonly<Record<number, string>> = {
  401: '`entrepot ori login` keeps a token for this registry, ORI_REGISTRY_TOKEN gives one',
  403: 'somebody who may has to do it, or to give you the role or a token with that scope',
  404: '`entrepot ori search WORDS` and `entrepot ori info @SCOPE/NAME` show what there is',
  409: '`entrepot ori info @SCOPE/NAME` shows what is there; to publish, take the next number',
  410: 'it was removed for good; use another version',
  413: 'leave files out with [publish] exclude in oripk.toml',
  422: 'correct it and try again; nothing was kept',
  429: 'wait a minute; with a token the limit is ten times as high',
  503: 'try again in a moment',
}

const errorBody = z.object({
  error: z.object({
    message: z.string(),
    details: z.array(z.object({ file: z.string(), message: z.string() })).optional(),
  }),
})

/** Where what is kept for Ori is, in the home folder. */
const ORI_HOME = '.ori'

/** Makes a client. */
export function createClient({ url, token }: OriRegistry): OriClient {
  const refusals: Refusals = { url, hints: HINTS, noRegistry: NO_REGISTRY, reason: reasonOf }
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const call = async (path: string, more: Partial<Call> = {}) => {
    const headers = { ...authorization, accept: 'application/json, */*', ...more.headers }
    const answer = await send({ method: 'GET', ...more, url: `${url}/v1${path}`, headers })
    return accept(answer, refusals)
  }
  return {
    url,
    home: ORI_HOME,
    read: async (path, schema) => parseAnswer(await call(path), schema, refusals),
    async change(path, schema, { body = {}, form, onUpload } = {}) {
      const sent = form?.bytes ?? JSON.stringify(body)
      const headers = { 'content-type': form?.type ?? 'application/json' }
      const more = { method: 'POST', headers, body: sent, ...(onUpload && { onUpload }) } as const
      const answer = await call(path, more)
      return parseAnswer(answer, schema, refusals)
    },
    async file(path, onProgress) {
      return (await call(path, onProgress ? { onProgress } : {})).bytes
    },
    log: (path) => readLog(refusals, path),
  }
}

/** The path of a package, or of one version of it. */
export function packagePath(name: string, version?: string): string {
  const path = `/packages/${name.replace(/^@/, '')}`
  return version === undefined ? path : `${path}/${version}`
}

const NO_REGISTRY = 'is the address right, and is this an Ori registry?'

/** Why, as the body says; all that is wrong with a package. */
function reasonOf(body: unknown): string | undefined {
  const refusal = errorBody.safeParse(body).data
  if (!refusal) return undefined
  const { message, details = [] } = refusal.error
  const lines = details.map((one) => `\n  ${printable(`${one.file}: ${one.message}`)}`)
  return printable(message) + lines.join('')
}
