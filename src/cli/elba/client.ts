import { z } from 'zod'
import { accept, parseAnswer, type Refusals } from '#cli/client/answers.ts'
import { printable } from '#cli/client/printable.ts'
import { type Call, send } from '#cli/client/send.ts'
import type { ElbaRegistry } from './registry.ts'

/** One elba registry, with the token for it. */
export interface ElbaClient {
  readonly url: string
  /** Reads JSON from a path below `/api/v1`. */
  read<T>(path: string, schema: z.ZodType<T>): Promise<T>
  /** Changes something at a path below `/api/v1`. */
  change(
    method: 'PUT' | 'PATCH',
    path: string,
    upload?: Pick<Call, 'body' | 'onUpload'>,
  ): Promise<void>
}

/** What to do next, by status. */
const HINTS: Readonly<Record<number, string>> = {
  400: 'correct it and try again; nothing was kept',
  401: '`entrepot elba login TOKEN` keeps a token for this registry, ELBA_REGISTRY_TOKEN gives one',
  403: 'somebody who may has to do it, or to give you the role or a token with that scope',
  404: '`entrepot elba search WORDS` shows what there is',
  409: 'a version never changes: to publish, take the next number',
  410: 'it was removed for good; use another version',
  413: 'leave files out with `exclude` in elba.toml, or by .gitignore',
  429: 'wait a minute; with a token the limit is higher',
  503: 'try again in a moment',
}

const NO_REGISTRY =
  'is the address right, and is this an elba registry? --registry URL names another'

const doneBody = z.object({})
const refusalBody = z.object({ error: z.string(), description: z.string() })

/** Makes a client. */
export function createClient({ url, token }: ElbaRegistry): ElbaClient {
  const refusals: Refusals = { url, hints: HINTS, noRegistry: NO_REGISTRY, reason: reasonOf }
  // Not as `?token=`, as the old client had it: what is in a URL ends in logs.
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const call = async (path: string, more: Partial<Call> = {}) => {
    const headers = { ...authorization, accept: 'application/json, */*', ...more.headers }
    const answer = await send({ method: 'GET', ...more, url: `${url}/api/v1${path}`, headers })
    return accept(answer, refusals)
  }
  return {
    url,
    read: async (path, schema) => parseAnswer(await call(path), schema, refusals),
    async change(method, path, upload = {}) {
      const headers: Call['headers'] = upload.body ? { 'content-type': 'application/gzip' } : {}
      const answer = await call(path, { method, headers, ...upload })
      parseAnswer(answer, doneBody, refusals)
    },
  }
}

/** The path of one version of a package. */
export function releasePath(name: string, version: string): string {
  return `/packages/${name}/${version}`
}

/** Why, as the body says. */
function reasonOf(body: unknown): string | undefined {
  const refusal = refusalBody.safeParse(body).data
  return refusal && printable(refusal.description || refusal.error)
}
