import type { Hono } from 'hono'
import type { Config } from '#config.ts'
import type { App } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import type { Ecosystem } from '#ecosystems/contract.ts'
import { createApi } from './api/api.ts'
import { asRegistryError, problemResponse } from './errors.ts'
import { createFront } from './front.ts'
import { findHot } from './hot.ts'
import { type Bindings, type RequestContext, requestIdOf } from './request-context.ts'

/** What the server needs to know beyond the app. */
export type ServerOptions = Pick<
  Config,
  'hosts' | 'trustedProxies' | 'cors' | 'metricsToken' | 'limits' | 'rates'
>

/** Who is on the other end of the connection. */
interface Connection {
  remoteAddress(): string
}

interface Face {
  fetch(request: Request, context: RequestContext): Response | Promise<Response>
}

/** The one function that answers requests. Answers from memory come back without a promise. */
export function createFetch(
  app: App,
  ecosystems: readonly Ecosystem[],
  options: ServerOptions,
): (request: Request, connection: Connection) => Response | Promise<Response> {
  const faces = new Map<string, Face>()
  const hosts = new Map<string, Face>()
  for (const ecosystem of ecosystems) {
    const segments = ecosystem.fixedSegments
    const front = createFront(app, ecosystem, segments ? '/' : `/${ecosystem.id}`, options)
    for (const segment of segments ?? [ecosystem.id]) faces.set(segment, front)
    if (segments) continue
    for (const host of options.hosts[ecosystem.id] ?? []) {
      hosts.set(host, createFront(app, ecosystem, '/', options))
    }
  }
  const api: Hono<Bindings> = createApi(app, ecosystems, options)
  return (request, connection) =>
    findHot(app, request) ??
    answer(app, request, {
      face: hosts.get(hostOf(request.url)) ?? faces.get(firstSegment(request.url)) ?? api,
      address: connection.remoteAddress(),
    })
}

async function answer(
  app: App,
  request: Request,
  { face, address }: { face: Face; address: string },
): Promise<Response> {
  const context: RequestContext = { requestId: requestIdOf(request), address }
  try {
    return await face.fetch(request, context)
  } catch (error) {
    const failure = asRegistryError(app, error, { requestId: context.requestId, request })
    return problemResponse(failure, context.requestId)
  }
}

function hostOf(url: string): string {
  const start = url.indexOf('//') + 2
  const end = url.indexOf('/', start)
  return url.slice(start, end === -1 ? undefined : end).replace(/:\d+$/, '').toLowerCase()
}

function firstSegment(url: string): string {
  const path = url.indexOf('/', url.indexOf('//') + 2)
  if (path === -1) return ''
  return /^\/([^/?#]*)/.exec(url.slice(path))?.[1] ?? ''
}

/** What nobody serves. */
export function notFound(path: string): RegistryError {
  return new RegistryError('not_found', `nothing at ${path.slice(0, 200)}`)
}
