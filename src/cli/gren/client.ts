import { z } from 'zod'
import { accept, parseAnswer, type Refusals } from '#cli/client/answers.ts'
import type { Form } from '#cli/client/form.ts'
import { printable } from '#cli/client/printable.ts'
import { readLog } from '#cli/client/read-log.ts'
import { type Answer, type Call, send } from '#cli/client/send.ts'
import type { LogClient } from '#cli/client/trusted-log.ts'
import type { OnUpload } from '#cli/client/upload.ts'
import type { GrenRegistry } from './registry.ts'

/** What is sent to change something; without form and body, an empty document. */
interface Change {
  readonly method: 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly body?: object
  /** Instead of the body. */
  readonly form?: Form
  readonly onUpload?: OnUpload
}

/** One Gren registry, with the credential for it. */
export interface GrenClient extends LogClient {
  /** Reads whatever there is. */
  get(path: string, onProgress?: Call['onProgress']): Promise<Answer>
  /** Reads JSON. */
  read<T>(path: string, schema: z.ZodType<T>): Promise<T>
  /** Changes something, and reads JSON. */
  change<T>(change: Change, schema: z.ZodType<T>): Promise<T>
}

/** What to do next, by status. */
const HINTS: Readonly<Record<number, string>> = {
  400: 'correct it and try again',
  401: '`entrepot gren login` signs in; GREN_REGISTRY_TOKEN gives a token, as in CI',
  403: 'an admin of the publishing identity gives levels: `entrepot gren identity set`',
  404: 'is the name right? What is private does not exist for strangers: `entrepot gren login`',
  409: 'a version never changes: publish the next one; a name that is taken needs another',
  410: 'what was revoked is gone for good; use another version',
  413: 'take out what need not be published',
  422: 'correct it and try again; nothing was kept',
  429: 'wait a minute; who is signed in may do more',
  503: 'try again in a moment',
}

const NO_REGISTRY =
  'is the address right, and is this a Gren registry? --registry URL names another'
const MAX_REASON_CHARS = 300

const refusalBody = z.object({
  message: z.string(),
  problems: z.array(z.object({ path: z.string(), problem: z.string() })).optional(),
})

/** Makes a client. */
export function createClient({ url, token }: GrenRegistry): GrenClient {
  const refusals: Refusals = { url, hints: HINTS, noRegistry: NO_REGISTRY, reason: reasonOf }
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const call = async (path: string, more: Partial<Call> = {}) => {
    const headers = { ...authorization, accept: 'application/json, */*', ...more.headers }
    return accept(await send({ method: 'GET', ...more, url: `${url}${path}`, headers }), refusals)
  }
  return {
    url,
    home: '.gren',
    get: (path, onProgress) => call(path, onProgress ? { onProgress } : {}),
    read: async (path, schema) => parseAnswer(await call(path), schema, refusals),
    async change({ method, path, body = {}, form, onUpload }, schema) {
      const headers = { 'content-type': form?.type ?? 'application/json' }
      const answer = await call(path, {
        method,
        headers,
        body: form?.bytes ?? JSON.stringify(body),
        ...(onUpload && { onUpload }),
      })
      return parseAnswer(answer, schema, refusals)
    },
    log: (path) => readLog(refusals, path),
  }
}

/** The path of a package, or of one version of it. */
export function packagePath(name: string, version?: string): string {
  return version === undefined ? `/package/${name}` : `/package/${name}/${version}`
}

/** Why, as the body says: a sentence, one with a list, or upstream's plain text. */
function reasonOf(body: unknown, text: string): string | undefined {
  const refusal = refusalBody.safeParse(body).data
  if (refusal?.problems) {
    const lines = refusal.problems.map(
      ({ path, problem }) => `\n  ${printable(`${path}: ${problem}`)}`,
    )
    return `the package is not right:${lines.join('')}`
  }
  if (refusal) return printable(refusal.message)
  const isSentence = body === undefined && text.length <= MAX_REASON_CHARS && /^[^<]+$/.test(text)
  return isSentence ? printable(text) : undefined
}
