import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { type Context, Hono } from 'hono'
import { RegistryError } from '#core/errors.ts'
import type { GitProtocol } from '#core/git/git.ts'
import type { Env } from './contract.ts'
import { FLUSH, packet, readPackets } from './git-packets.ts'
import { advertisedRefs, readRefQuestion, refLines, type ServedRepository } from './git-refs.ts'
import { readBody } from './read-body.ts'

/** Finds the repository that a path means, for who asks; throws what they are to hear. */
type FindRepository = (c: Context<Env>) => Promise<ServedRepository>

/** What a client says it has and wants: a hundred bytes a version, and it is sent packed. */
const MAX_BODY_BYTES = 1024 * 1024
const MAX_UNPACKED_BYTES = 2 * 1024 * 1024
const REQUEST_TYPE = 'application/x-git-upload-pack-request'
const RESULT_TYPE = 'application/x-git-upload-pack-result'
const ADVERTISEMENT_TYPE = 'application/x-git-upload-pack-advertisement'
const NO_PUSH = 'nobody can push here: this repository is made of what is published'

const unzip = promisify(gunzip)

/**
 * A repository below `path`, for reading, by git's smart HTTP protocol (gitprotocol-http): v2, and
 * v0 and v1 for older clients. Refs are answered from memory; packs are `git upload-pack`'s.
 */
export function gitHttpRoutes(path: string, find: FindRepository): Hono<Env> {
  const routes = new Hono<Env>()
  routes.get(`${path}/info/refs`, (c) => advertise(c, find))
  routes.post(`${path}/git-upload-pack`, (c) => uploadPack(c, find))
  routes.all(`${path}/git-receive-pack`, () => {
    throw new RegistryError('forbidden', NO_PUSH)
  })
  routes.all(`${path}/git-upload-pack`, () => {
    throw new RegistryError('method_not_allowed', 'here only POST', { details: { allow: 'POST' } })
  })
  routes.all(`${path}/*`, () => {
    throw new RegistryError('not_found', 'only the smart HTTP protocol of git is spoken here')
  })
  routes.onError(renderGitError)
  return routes
}

/** Whether a request is git's question for objects: a POST, and yet a read. */
export function isGitRead({ method, url }: Pick<Request, 'method' | 'url'>): boolean {
  return method === 'POST' && /\.git\/git-upload-pack$/.test(new URL(url).pathname)
}

async function advertise(c: Context<Env>, find: FindRepository): Promise<Response> {
  const service = new URL(c.req.url).searchParams.get('service')
  if (service === 'git-receive-pack') throw new RegistryError('forbidden', NO_PUSH)
  if (service !== 'git-upload-pack') {
    throw new RegistryError('not_found', 'only the smart HTTP protocol of git is spoken here')
  }
  const served = await find(c)
  const protocol = protocolOf(c)
  const able = await c.var.app.git.capabilities(served.name, protocol)
  const lines =
    protocol === 2
      ? able.map((line) => packet(`${line}\n`)).join('') + FLUSH
      : (protocol === 1 ? packet('version 1\n') : '') + advertisedRefs(served, able)
  return answer(`${packet('# service=git-upload-pack\n')}${FLUSH}${lines}`, ADVERTISEMENT_TYPE)
}

async function uploadPack(c: Context<Env>, find: FindRepository): Promise<Response> {
  const served = await find(c)
  const body = await readRequest(c.req.raw)
  const packets = readPackets(body)
  const protocol = protocolOf(c)
  const [first] = packets
  // Asked before a large request, only to find out about credentials.
  if (first === undefined || typeof first !== 'string') return answer('', RESULT_TYPE)
  if (protocol === 2) {
    if (first === 'command=ls-refs') {
      const delimiter = packets.findIndex((one) => typeof one !== 'string')
      const args = packets.slice(delimiter + 1).filter((one) => typeof one === 'string')
      return answer(refLines(served, readRefQuestion(args)), RESULT_TYPE)
    }
    if (first !== 'command=fetch') {
      throw new RegistryError('invalid_request', 'git asks for ls-refs or fetch here')
    }
  }
  const { signal } = c.req.raw
  const pack = await c.var.app.git.uploadPack(served.name, { protocol, body, signal })
  return new Response(pack, { headers: headersOf(RESULT_TYPE) })
}

async function readRequest(request: Request): Promise<Uint8Array> {
  const type = request.headers.get('content-type')
  if (type !== REQUEST_TYPE) {
    throw new RegistryError('unsupported_media_type', `the body must be ${REQUEST_TYPE}`)
  }
  const body = await readBody(request, MAX_BODY_BYTES)
  const encoding = request.headers.get('content-encoding') ?? 'identity'
  if (encoding === 'identity') return body
  if (encoding !== 'gzip' && encoding !== 'x-gzip') {
    throw new RegistryError('unsupported_media_type', 'the body may be packed with gzip only')
  }
  try {
    return await unzip(body, { maxOutputLength: MAX_UNPACKED_BYTES })
  } catch (error) {
    const isTooLarge = error instanceof RangeError
    if (isTooLarge) throw new RegistryError('too_large', 'the unpacked body is too large')
    throw new RegistryError('invalid_request', 'the body is not gzip', { cause: error })
  }
}

/** Of several wishes the newest, as git does. */
function protocolOf(c: Context<Env>): GitProtocol {
  const wishes = (c.req.header('git-protocol') ?? '').split(':')
  if (wishes.includes('version=2')) return 2
  return wishes.includes('version=1') ? 1 : 0
}

function answer(text: string, type: string): Response {
  return new Response(text, { headers: headersOf(type) })
}

function headersOf(type: string): Record<string, string> {
  return { 'content-type': type, 'cache-control': 'no-cache' }
}

/** What git hears of a failure: it shows plain text to its user. */
export function renderGitError(error: Error): Response {
  if (!(error instanceof RegistryError)) throw error
  const { code, status, message, details, retryAfterSeconds } = error
  const headers: Record<string, string> = {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
  }
  if (code === 'unauthenticated') headers['www-authenticate'] = 'Basic realm="git"'
  if (retryAfterSeconds !== undefined) headers['retry-after'] = String(retryAfterSeconds)
  if (typeof details.allow === 'string') headers.allow = details.allow
  return new Response(`${message}\n`, { status, headers })
}
