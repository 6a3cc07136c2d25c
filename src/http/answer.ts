import type { App } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import { clientAddress, trustedProxies } from './client-address.ts'
import type { Cors } from './cors.ts'
import { asRegistryError, problemResponse } from './errors.ts'
import { finish } from './finish.ts'
import type { Operation } from './operating.ts'
import { type RequestContext, requestIdOf } from './request-context.ts'
import type { ServerOptions } from './server.ts'
import { hasBody } from './traffic.ts'

/** Who is on the other end of the connection. */
export interface Connection {
  remoteAddress(): string
}

/** A part of the server that answers requests, in its own form also those that are refused. */
export interface Face {
  /** Under which its requests are counted. */
  readonly id: string
  readonly takesUploads: boolean
  /** For operators' machines: never refused. */
  readonly isOperating: boolean
  fetch(request: Request, context: RequestContext): Response | Promise<Response>
}

/** What answering needs, whichever face does it. */
export interface Answering {
  readonly app: App
  readonly options: ServerOptions
  readonly operation: Operation
  readonly cors: Cors
}

/** Answers a request: by its face, or by `instead`, whose failures the face renders. */
export type Answer = (
  request: Request,
  face: Face,
  connection: Connection,
  instead?: (context: RequestContext) => Promise<Response>,
) => Promise<Response>

/** Everything around a face: limits, time, the client's address, headers, metrics and the log. */
export function createAnswer(answering: Answering): Answer {
  const { options, operation } = answering
  const isTrusted = trustedProxies(options.trustedProxies)
  return async (request, face, connection, instead) => {
    const startedAt = performance.now()
    const address = clientAddress(connection.remoteAddress(), request, isTrusted)
    const context: RequestContext = { requestId: requestIdOf(request), address, notes: {} }
    const arrival = {
      request,
      address: isTrusted(address) ? '' : address,
      takesUploads: face.takesUploads,
    }
    const admitted = face.isOperating ? () => {} : operation.traffic.admit(arrival, options.limits)
    const handled = { request, face, context, startedAt, isHot: instead !== undefined }
    if (admitted instanceof RegistryError) {
      return finish(answering, handled, await refuse(answering, handled, admitted))
    }
    try {
      const work = async () => (instead ? instead(context) : face.fetch(request, context))
      return await finish(answering, handled, await withinTime(answering, handled, work))
    } catch (error) {
      const { requestId } = context
      const failure = asRegistryError(answering.app, error, { requestId, request })
      const refused = { ...handled, isHot: false }
      return await finish(answering, refused, await refuse(answering, handled, failure))
    } finally {
      admitted()
    }
  }
}

/** A request under way. */
export interface Handled {
  readonly request: Request
  readonly face: Face
  readonly context: RequestContext
  /** As performance.now() tells it. */
  readonly startedAt: number
  /** True when the answer comes from memory, which counts it itself. */
  readonly isHot: boolean
}

async function refuse(
  { app }: Answering,
  { request, face, context }: Handled,
  refusal: RegistryError,
): Promise<Response> {
  try {
    return await face.fetch(request, { ...context, refusal })
  } catch (error) {
    const { requestId } = context
    return problemResponse(asRegistryError(app, error, { requestId, request }), requestId)
  }
}

/** Transfers take as long as they take; what else takes too long is given up, not undone. */
async function withinTime(
  { options }: Answering,
  { request, face }: Handled,
  work: () => Promise<Response>,
): Promise<Response> {
  if (face.takesUploads && hasBody(request)) return await work()
  const { requestTimeoutSeconds } = options.limits
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const error = new RegistryError('unavailable', `no answer in ${requestTimeoutSeconds} s`, {
      retryAfterSeconds: 5,
    })
    timer = setTimeout(() => reject(error), requestTimeoutSeconds * 1000)
  })
  try {
    return await Promise.race([work(), late])
  } finally {
    clearTimeout(timer)
  }
}
