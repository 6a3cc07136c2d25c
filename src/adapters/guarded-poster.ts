import { promises as dns, type LookupAddress } from 'node:dns'
import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request } from 'node:http'
import { Agent as HttpsAgent, request as secureRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import {
  MAX_EXCERPT_BYTES,
  type PostAnswer,
  type Poster,
  type Posting,
} from '#core/webhooks/poster.ts'
import { type AllowList, hostOf, mayReach, targetRefused } from '#core/webhooks/target.ts'

/** How names become addresses; the system's way unless a test says otherwise. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>

const systemResolve: Resolve = (host) => dns.lookup(host, { all: true, verbatim: true })

/**
 * Posts to public addresses and those that are allowed. A name is resolved once and the connection
 * goes to the addresses that were checked, so that a name cannot mean another one a moment later.
 * The agents are its own: the global ones may be told to use a proxy.
 */
export function guardedPoster(allow: AllowList, resolve: Resolve = systemResolve): Poster {
  return {
    async post(posting) {
      const url = new URL(posting.url)
      const addresses = await until(posting.signal, resolveHost(allow, hostOf(url), resolve))
      // Also for an end of the connection that nobody tells of.
      return await until(posting.signal, send(url, posting, pinned(addresses)))
    },
  }
}

/** All addresses of a host; refuses it when one of them may not be reached. */
async function resolveHost(
  allow: AllowList,
  host: string,
  resolve: Resolve,
): Promise<readonly LookupAddress[]> {
  const family = isIP(host)
  const addresses = family === 0 ? await resolve(host) : [{ address: host, family }]
  if (addresses.length === 0) throw new Error(`${host} has no address`)
  if (addresses.every(({ address }) => mayReach(allow, host, address))) return addresses
  throw targetRefused(host)
}

/** Answers what was resolved before, in both forms that are asked for. */
function pinned(addresses: readonly LookupAddress[]): LookupFunction {
  return (_host, options, callback) => {
    const [first] = addresses
    if (options.all) callback(null, [...addresses])
    else callback(null, first?.address ?? '', first?.family ?? 0)
  }
}

function send(url: URL, posting: Posting, lookup: LookupFunction): Promise<PostAnswer> {
  const { headers, body, signal } = posting
  const isSecure = url.protocol === 'https:'
  const options = {
    method: 'POST',
    headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    lookup,
    signal,
  }
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(signal.aborted ? signal.reason : error)
    const take = (answer: IncomingMessage) => {
      void until(signal, readAnswer(answer))
        .then(resolve, fail)
        .finally(() => answer.destroy())
    }
    const asked: ClientRequest = isSecure
      ? secureRequest(url, { ...options, agent: new HttpsAgent() }, take)
      : request(url, { ...options, agent: new HttpAgent() }, take)
    asked.on('error', fail)
    asked.on('upgrade', (_answer, socket) => {
      socket.destroy()
      fail(new Error('the target answered 101: it wants to speak another protocol'))
    })
    asked.end(body)
  })
}

/** What came back, and no more of its body than is kept. */
function readAnswer(answer: IncomingMessage): Promise<PostAnswer> {
  const { statusCode = 0, headers } = answer
  const chunks: Buffer[] = []
  let size = 0
  return new Promise((resolve, reject) => {
    const done = () => {
      const excerpt = Buffer.concat(chunks).subarray(0, MAX_EXCERPT_BYTES).toString('utf8')
      resolve({ status: statusCode, excerpt, retryAfter: headers['retry-after'] })
    }
    answer.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      size += chunk.length
      if (size >= MAX_EXCERPT_BYTES) done()
    })
    answer.on('end', done)
    answer.on('error', reject)
    // Cut off: the status was there, which is what matters.
    answer.on('close', done)
  })
}

/** Not longer than the signal lets it. */
async function until<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
