import type { Config } from '#config.ts'
import type { App } from '#core/app.ts'
import type { Ecosystem } from '#ecosystems/contract.ts'
import { type Answer, type Connection, createAnswer, type Face } from './answer.ts'
import { createApi } from './api/api.ts'
import { createCors } from './cors.ts'
import { problemResponse } from './errors.ts'
import { createFront } from './front.ts'
import { createFindHot, hotCredential } from './hot.ts'
import type { KeptAnswer } from './kept-answer.ts'
import { logProtocol } from './log/log-protocol.ts'
import {
  createOperation,
  OPERATING_SEGMENTS,
  type Operation,
  operatingRoutes,
} from './operating.ts'
import { countRequest } from './request-rate.ts'
import { wellKnownFace } from './well-known.ts'

/** What the server needs to know beyond the app. */
export type ServerOptions = Pick<
  Config,
  'hosts' | 'trustedProxies' | 'cors' | 'metricsToken' | 'limits' | 'rates'
>

/** Finds the face that a URL is for. */
type FindFace = (url: string) => Face

/**
 * The one function that answers requests. Answers from memory come back without a promise. Pass an
 * operation to hold what stops the server gently and what it counts.
 */
export function createFetch(
  app: App,
  ecosystems: readonly Ecosystem[],
  options: ServerOptions,
  operation: Operation = createOperation(app),
): (request: Request, connection: Connection) => Response | Promise<Response> {
  const cors = createCors(options.cors)
  const { traffic } = operation
  const findHot = createFindHot(app)
  const answer = createAnswer({ app, options, operation, cors })
  const faceOf = createFaces(app, ecosystems, options, { operation, ...cors })
  return (request, connection) => {
    // While stopping, every answer closes its connection.
    const kept = traffic.isDraining ? undefined : findHot(request)
    if (kept === undefined) {
      return cors.preflight(request) ?? answer(request, faceOf(request.url), connection)
    }
    if (kept.readLimit !== undefined) {
      return answerCounted(app, answer, kept, { request, face: faceOf(request.url), connection })
    }
    const response = kept.respond(request)
    if (cors.isByOrigin) cors.allow(request, response.headers)
    return response
  }
}

/** An answer from memory, where reads are limited. */
function answerCounted(
  app: App,
  answer: Answer,
  kept: KeptAnswer,
  { request, face, connection }: { request: Request; face: Face; connection: Connection },
): Promise<Response> {
  return answer(request, face, connection, async (context) => {
    const { readLimit } = kept
    const credential = hotCredential(app, request)
    const caller = { name: credential, credential, address: context.address }
    if (readLimit) await countRequest(app, readLimit, caller, context)
    return kept.respond(request)
  })
}

/** What faces share. */
interface FaceParts {
  readonly operation: Operation
  readonly fixedHeaders: Readonly<Record<string, string>>
}

function createFaces(
  app: App,
  ecosystems: readonly Ecosystem[],
  options: ServerOptions,
  { operation, fixedHeaders }: FaceParts,
): FindFace {
  const bySegment = new Map<string, Face>()
  const byHost = new Map<string, Face>()
  for (const ecosystem of ecosystems) {
    const { id, fixedSegments } = ecosystem
    const parts = { options, fixedHeaders, counts: operation.metrics.protocol(id) }
    const face = (prefix: string): Face => {
      const front = createFront(app, ecosystem, prefix, parts)
      return {
        id,
        takesUploads: true,
        isOperating: false,
        fetch: (request, context) => front.fetch(request, context),
      }
    }
    const main = face(fixedSegments ? '/' : `/${id}`)
    for (const segment of fixedSegments ?? [id]) bySegment.set(segment, main)
    if (fixedSegments) continue
    for (const host of options.hosts[id] ?? []) byHost.set(host, face('/'))
  }
  const log = logFace(app, options, { operation, fixedHeaders })
  const operating = operatingFace(app, options, operation)
  for (const segment of OPERATING_SEGMENTS) bySegment.set(segment, operating)
  const api = apiFace(app, ecosystems, options)
  bySegment.set('.well-known', wellKnownFace(app, ecosystems, api))
  return (url) => {
    const segment = firstSegment(url)
    // On every host: clients look for the log where they found the package.
    if (segment === 'log') return log
    return byHost.get(hostOf(url)) ?? bySegment.get(segment) ?? api
  }
}

function operatingFace(app: App, options: ServerOptions, operation: Operation): Face {
  const routes = operatingRoutes(app, options, operation)
  return {
    id: 'operating',
    takesUploads: false,
    isOperating: true,
    fetch: (request, context) =>
      context.refusal
        ? problemResponse(context.refusal, context.requestId)
        : routes.fetch(request, context),
  }
}

function logFace(app: App, options: ServerOptions, { operation, fixedHeaders }: FaceParts): Face {
  const { id } = logProtocol
  const counts = operation.metrics.protocol(id)
  const front = createFront(app, logProtocol, '/', { options, fixedHeaders, counts })
  return {
    id,
    takesUploads: false,
    isOperating: false,
    fetch: (request, context) => front.fetch(request, context),
  }
}

function apiFace(app: App, ecosystems: readonly Ecosystem[], options: ServerOptions): Face {
  const api = createApi(app, ecosystems, options)
  return {
    id: 'api',
    takesUploads: false,
    isOperating: false,
    fetch: (request, context) =>
      context.refusal
        ? problemResponse(context.refusal, context.requestId)
        : api.fetch(request, context),
  }
}

function hostOf(url: string): string {
  const start = url.indexOf('//') + 2
  const end = url.indexOf('/', start)
  return url
    .slice(start, end === -1 ? undefined : end)
    .replace(/:\d+$/, '')
    .toLowerCase()
}

function firstSegment(url: string): string {
  const path = url.indexOf('/', url.indexOf('//') + 2)
  if (path === -1) return ''
  return /^\/([^/?#]*)/.exec(url.slice(path))?.[1] ?? ''
}
