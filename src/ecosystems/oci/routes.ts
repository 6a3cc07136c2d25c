import { type Context, Hono } from 'hono'
import { RegistryError } from '#core/errors.ts'
import type { Env } from '#ecosystems/contract.ts'
import { readBlob, removeBlob } from './blobs.ts'
import { readCatalog, readTags } from './lists.ts'
import { readManifest, removeManifest, writeManifest } from './manifests.ts'
import { readReferrers } from './referrers.ts'
import {
  COMMON_HEADERS,
  type OciAction,
  type OciRequest,
  ociRequest,
  requireGrant,
} from './request.ts'
import { tokenByGet, tokenByPost } from './token.ts'
import { appendChunk, closeUpload, dropUpload, openUpload, uploadStatus } from './uploads.ts'

interface Operation {
  readonly action: OciAction
  readonly run: (request: OciRequest) => Promise<Response>
}

interface Route {
  /** First group: repository name; second: reference, if any. */
  readonly pattern: RegExp
  readonly methods: Readonly<Record<string, Operation>>
}

const pull = (run: Operation['run']): Operation => ({ action: 'pull', run })
const push = (run: Operation['run']): Operation => ({ action: 'push', run })
const remove = (run: Operation['run']): Operation => ({ action: 'delete', run })
const read = (run: Operation['run']) => ({ GET: pull(run), HEAD: pull(run) })

/** Repository names hold slashes, so the last matching part decides: uploads before blobs. */
const ROUTES: readonly Route[] = [
  { pattern: /^\/v2\/(.+)\/blobs\/uploads\/?$/, methods: { POST: push(openUpload) } },
  {
    pattern: /^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/,
    methods: {
      GET: push(uploadStatus),
      PATCH: push(appendChunk),
      PUT: push(closeUpload),
      DELETE: push(dropUpload),
    },
  },
  {
    pattern: /^\/v2\/(.+)\/blobs\/([^/]+)$/,
    methods: { ...read(readBlob), DELETE: remove(removeBlob) },
  },
  {
    pattern: /^\/v2\/(.+)\/manifests\/([^/]+)$/,
    methods: { ...read(readManifest), PUT: push(writeManifest), DELETE: remove(removeManifest) },
  },
  { pattern: /^\/v2\/(.+)\/tags\/list$/, methods: read(readTags) },
  { pattern: /^\/v2\/(.+)\/referrers\/([^/]+)$/, methods: read(readReferrers) },
]

/** All of `/v2/` and `/token`. */
export function routes(): Hono<Env> {
  const app = new Hono<Env>()
  app.get('/token', tokenByGet)
  app.post('/token', tokenByPost)
  app.all('/token', () => methodNotAllowed(['GET', 'POST']))
  for (const path of ['/v2', '/v2/']) app.on(['GET', 'HEAD'], path, ping)
  for (const path of ['/v2', '/v2/']) app.all(path, () => methodNotAllowed(['GET', 'HEAD']))
  app.get('/v2/_catalog', readCatalog)
  app.all('/v2/_catalog', () => methodNotAllowed(['GET', 'HEAD']))
  app.all('/v2/*', dispatch)
  return app
}

/** end-1: says that this is a registry. Anonymous clients are told where to get a token. */
function ping(c: Context<Env>): Response {
  if (c.var.actor.kind === 'anonymous' && c.var.actor.grants === undefined) {
    throw new RegistryError('unauthenticated', 'log in, or ask for an anonymous token')
  }
  return new Response('{}', { headers: { ...COMMON_HEADERS, 'content-type': 'application/json' } })
}

async function dispatch(c: Context<Env>): Promise<Response> {
  const { pathname } = new URL(c.req.url)
  for (const { pattern, methods } of ROUTES) {
    const match = pattern.exec(pathname)
    if (!match) continue
    const operation = methods[c.req.method]
    if (!operation) return methodNotAllowed(Object.keys(methods))
    const request = ociRequest(c, match[1] ?? '', match[2] ?? '')
    requireGrant(request, operation.action)
    return operation.run(request)
  }
  throw new RegistryError('not_found', 'no such endpoint: see the OCI distribution specification')
}

function methodNotAllowed(allowed: readonly string[]): Response {
  throw new RegistryError('method_not_allowed', `here only ${allowed.join(', ')}`, {
    details: { allow: allowed.join(', ') },
  })
}
