import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { CliError } from '#cli/failure.ts'
import { note } from '#cli/output.ts'
import { Silence } from './silence.ts'
import { type OnUpload, uploadStream } from './upload.ts'

/** A request that may be made more than once. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array<ArrayBuffer> | string
  /** Redirects may lead to other hosts: for what has no token and is checked by other means. */
  readonly followsElsewhere?: boolean
  /** Of the answer; 64 MiB when missing. */
  readonly maxBytes?: number
  /** Of the answer. */
  readonly onProgress?: (done: number, total: number | undefined) => void
  /** Of a body that is bytes; from the beginning in each attempt. */
  readonly onUpload?: OnUpload
}

/** A whole answer. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Uint8Array
}

type Attempt = { readonly answer: Answer } | { readonly failure: unknown }

const RETRIES = 3
const BACKOFF_MS = 250
const IDLE_MS = 30_000
const MAX_WAIT_MS = 120_000
const MAX_ANSWER_BYTES = 64 * 1024 * 1024
const MAX_REDIRECTS = 5
/** It did not do it, and says so. */
const NOT_NOW: ReadonlySet<number> = new Set([429, 503])
/** Nobody was there to do it. */
const NEVER_ARRIVED: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'])
const BROKEN_ON_THE_WAY: ReadonlySet<number> = new Set([502, 504])

/**
 * Sends a request: at most three more times, when the registry asks for patience, and when a read
 * failed. A change that may have happened is never sent again.
 */
export async function send(call: Call): Promise<Answer> {
  useProxies()
  for (let retries = 0; ; retries++) {
    const attempt = await tryOnce(call)
    const waitMs = retries < RETRIES ? waitFor(call, attempt, retries) : undefined
    if (waitMs !== undefined && waitMs <= MAX_WAIT_MS) {
      if (waitMs > 2000) note(`${hostOf(call)} asks to wait ${Math.ceil(waitMs / 1000)} s`)
      await sleep(waitMs)
    } else if ('answer' in attempt) return attempt.answer
    else throw explain(call, attempt.failure)
  }
}

let areProxiesUsed = false

/** HTTP_PROXY, HTTPS_PROXY and NO_PROXY: Bun's fetch reads them by itself, Node's when told to. */
function useProxies(): void {
  if (areProxiesUsed) return
  areProxiesUsed = true
  const { setGlobalProxyFromEnv }: Partial<typeof http> = http
  setGlobalProxyFromEnv?.()
}

/** Milliseconds until the next attempt; undefined when there must be none. */
function waitFor({ method }: Call, attempt: Attempt, retries: number): number | undefined {
  const backoff = BACKOFF_MS * 2 ** retries * (0.5 + Math.random())
  if ('failure' in attempt) {
    if (attempt.failure instanceof CliError) return undefined
    return method === 'GET' || NEVER_ARRIVED.has(codeOf(attempt.failure)) ? backoff : undefined
  }
  const { status, headers } = attempt.answer
  if (NOT_NOW.has(status)) return retryAfterMs(headers) ?? backoff
  return method === 'GET' && BROKEN_ON_THE_WAY.has(status) ? backoff : undefined
}

function retryAfterMs(headers: Headers): number | undefined {
  const raw = headers.get('retry-after')
  if (raw === null) return undefined
  const millis = /^\d+$/.test(raw) ? Number(raw) * 1000 : Date.parse(raw) - Date.now()
  return Number.isNaN(millis) ? undefined : Math.max(millis, 0)
}

async function tryOnce(call: Call): Promise<Attempt> {
  try {
    return { answer: await follow(call) }
  } catch (failure) {
    return { failure }
  }
}

/** Redirects are followed within one registry, for reads: a token is for nobody else. */
async function follow(call: Call): Promise<Answer> {
  const { followsElsewhere = false } = call
  let { url } = call
  for (let redirects = 0; ; redirects++) {
    const answer = await exchange({ ...call, url })
    const location = answer.headers.get('location')
    if (answer.status < 300 || answer.status > 399 || location === null) return answer
    const next = new URL(location, url)
    const isWeb = next.protocol === 'https:' || next.protocol === 'http:'
    const mayGoThere = next.origin === new URL(url).origin || (followsElsewhere && isWeb)
    if (call.method !== 'GET' || !mayGoThere || redirects >= MAX_REDIRECTS) {
      const hint = `if that is right, name it yourself: --registry ${next.origin}/…`
      throw new CliError(`${hostOf(call)} sends elsewhere, to ${next.origin}: not followed`, hint)
    }
    url = next.href
  }
}

/** One request and its answer; silence for half a minute ends it. */
async function exchange(call: Call): Promise<Answer> {
  const { method, url, maxBytes = MAX_ANSWER_BYTES, onProgress } = call
  const silence = new Silence(IDLE_MS)
  try {
    const response = await fetch(url, {
      method,
      redirect: 'manual',
      signal: silence.signal,
      ...contentOf(call, silence),
    })
    const length = response.headers.get('content-length')
    const total = length === null ? undefined : Number(length)
    const chunks: Uint8Array[] = []
    let done = 0
    for await (const chunk of response.body ?? []) {
      silence.hear()
      done += chunk.byteLength
      if (done > maxBytes) {
        const message = `${new URL(url).host} answers with more than ${maxBytes} bytes`
        throw new CliError(message, 'is the address right?')
      }
      chunks.push(chunk)
      onProgress?.(done, total)
    }
    const { status, headers: answered } = response
    return { status, headers: answered, bytes: new Uint8Array(Buffer.concat(chunks)) }
  } finally {
    silence.end()
  }
}

/** Headers and body. Bytes are streamed with their length told: so their progress is known. */
function contentOf({ headers, body, onUpload }: Call, silence: Silence): RequestInit {
  if (!(body instanceof Uint8Array)) return { headers, ...(body !== undefined && { body }) }
  const stream = uploadStream(body, (done, total) => {
    silence.hear()
    onUpload?.(done, total)
  })
  const sized = { ...headers, 'content-length': String(body.byteLength) }
  return { headers: sized, body: stream, duplex: 'half' }
}

function explain(call: Call, failure: unknown): CliError {
  if (failure instanceof CliError) return failure
  const code = codeOf(failure)
  const isUndone = call.method === 'GET' || NEVER_ARRIVED.has(code)
  const hint = isUndone
    ? 'does it run, and is the address right? --registry URL names another'
    : 'it may have been done or not: look before you do it again'
  const isSilent = failure instanceof Error && failure.name === 'AbortError'
  const why = isSilent ? `silent for ${IDLE_MS / 1000} s` : code
  return new CliError(`${hostOf(call)} does not answer${why && ` (${why})`}`, hint, failure)
}

/** fetch tells of the real failure in its cause, or has a code itself. */
function codeOf(failure: unknown): string {
  if (!(failure instanceof Error)) return ''
  const inner = failure.cause instanceof Error ? failure.cause : failure
  return 'code' in inner && typeof inner.code === 'string' ? inner.code : ''
}

function hostOf({ url }: Call): string {
  return new URL(url).host
}
