import type { Hono } from 'hono'
import { createMiddleware } from 'hono/factory'
import type { App } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import type { Ecosystem } from '#ecosystems/contract.ts'
import { asRegistryError, problemResponse } from '#http/errors.ts'
import type { Bindings } from '#http/request-context.ts'
import type { ServerOptions } from '#http/server.ts'
import { boundedBody } from './bounded-body.ts'
import { credential } from './credential.ts'
import { mountDiscovery } from './discovery.ts'
import { mountDocs } from './docs.ts'
import { emptyApi, mountEndpoints, refuseOtherMethods } from './endpoints.ts'
import type { ApiEnv } from './env.ts'
import { fromFramework } from './validation.ts'

/** Everything that no ecosystem serves: the management API, and pages about the registry. */
export function createApi(
  app: App,
  ecosystems: readonly Ecosystem[],
  options: ServerOptions,
): Hono<Bindings> {
  const api = emptyApi()
  api.use(prepare(app, ecosystems))
  mountDiscovery(api)
  mountDocs(api)
  api.use('/api/v1/*', credential(options), boundedBody(options.limits.maxBodyBytes))
  mountEndpoints(api)
  refuseOtherMethods(api)
  api.notFound((c) => {
    const error = new RegistryError('not_found', `nothing at ${c.req.path.slice(0, 200)}`)
    return problemResponse(error, c.env.requestId)
  })
  api.onError((thrown, c) => {
    const { requestId } = c.env
    const error = asRegistryError(app, fromFramework(thrown), { requestId, request: c.req.raw })
    return problemResponse(error, requestId)
  })
  return api as unknown as Hono<Bindings>
}

function prepare(app: App, ecosystems: readonly Ecosystem[]) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    c.set('app', app)
    c.set('ecosystems', ecosystems)
    await next()
    // What is answered depends on who asks, and on the moment.
    if (!c.res.headers.has('cache-control')) c.header('cache-control', 'no-store')
    if (c.req.method !== 'HEAD') return
    // The body is dropped later, and its length with it.
    const { byteLength } = await c.res.clone().arrayBuffer()
    c.header('content-length', String(byteLength))
  })
}
