import { z } from 'zod'
import { CliError } from '#cli/failure.ts'
import { printable } from './printable.ts'
import type { OriRegistry } from './registry.ts'
import { type Answer, type Call, send } from './send.ts'

/** What is sent to change something. */
interface Change {
  readonly body?: object
  /** A whole form, instead of JSON. */
  readonly form?: { readonly type: string; readonly bytes: Uint8Array<ArrayBuffer> }
}

/** One Ori registry, with the token for it. */
export interface OriClient {
  readonly url: string
  /** Reads JSON from a path below `/v1`. */
  read<T>(path: string, schema: z.ZodType<T>): Promise<T>
  /** Changes something at a path below `/v1`. */
  change<T>(path: string, schema: z.ZodType<T>, change?: Change): Promise<T>
  /** Reads a file from a path below `/v1`. */
  file(path: string, onProgress?: Call['onProgress']): Promise<Uint8Array>
  /** Reads from a path below the `/log/` of the same registry, without the token. */
  log(path: string): Promise<Uint8Array>
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

/** How the registry's own pages say no. */
const problemBody = z.object({ detail: z.string() })

/** Makes a client. */
export function createClient({ url, token }: OriRegistry): OriClient {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const call = async (path: string, more: Partial<Call> = {}) => {
    const headers = { ...authorization, accept: 'application/json, */*', ...more.headers }
    return accept(await send({ method: 'GET', ...more, url: `${url}/v1${path}`, headers }), url)
  }
  return {
    url,
    read: async (path, schema) => parseAnswer(await call(path), schema, url),
    async change(path, schema, { body = {}, form } = {}) {
      const sent = form?.bytes ?? JSON.stringify(body)
      const headers = { 'content-type': form?.type ?? 'application/json' }
      return parseAnswer(await call(path, { method: 'POST', headers, body: sent }), schema, url)
    },
    async file(path, onProgress) {
      return (await call(path, onProgress ? { onProgress } : {})).bytes
    },
    async log(path) {
      const address = new URL(`../log/${path}`, `${url}/`).href
      const headers = { accept: 'application/json, */*' }
      return accept(await send({ method: 'GET', url: address, headers }), address, {}).bytes
    },
  }
}

/** The path of a package, or of one version of it. */
export function packagePath(name: string, version?: string): string {
  const path = `/packages/${name.replace(/^@/, '')}`
  return version === undefined ? path : `${path}/${version}`
}

function accept({ status, ...answer }: Answer, url: string, hints = HINTS): Answer {
  if (status >= 200 && status < 300) return { status, ...answer }
  const hint = hints[status] ?? NO_REGISTRY
  throw new CliError(`${url}: ${reasonOf(parseJson(answer.bytes)) ?? `status ${status}`}`, hint)
}

const NO_REGISTRY = 'is the address right, and is this an Ori registry?'

/** Why, as the body says; all that is wrong with a package. */
function reasonOf(body: unknown): string | undefined {
  const refusal = errorBody.safeParse(body)
  if (!refusal.success) {
    const problem = problemBody.safeParse(body)
    return problem.success ? printable(problem.data.detail) : undefined
  }
  const { message, details = [] } = refusal.data.error
  const lines = details.map((one) => `\n  ${printable(`${one.file}: ${one.message}`)}`)
  return printable(message) + lines.join('')
}

function parseAnswer<T>({ bytes }: Answer, schema: z.ZodType<T>, url: string): T {
  const parsed = schema.safeParse(parseJson(bytes))
  if (parsed.success) return parsed.data
  const where = parsed.error.issues[0]?.path.join('.') || 'its body'
  throw new CliError(`${url} does not answer as the protocol says (${where})`, NO_REGISTRY)
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch {
    return undefined
  }
}
