import { Hono } from 'hono'
import type { App } from '#core/app.ts'
import type { Ecosystem } from '#ecosystems/contract.ts'
import { asRegistryError, problemResponse } from '#http/errors.ts'
import type { Bindings } from '#http/request-context.ts'
import { notFound, type ServerOptions } from '#http/server.ts'

/** Everything that no ecosystem serves: health, management API, pages. */
export function createApi(
  app: App,
  _ecosystems: readonly Ecosystem[],
  _options: ServerOptions,
): Hono<Bindings> {
  const api = new Hono<Bindings>()
  api.get('/healthz', (c) => c.json({ status: 'ok' }))
  api.get('/readyz', async (c) => {
    await app.database.check()
    await app.blobs.check()
    return c.json({ status: 'ready' })
  })
  api.notFound((c) => problemResponse(notFound(c.req.path), c.env.requestId))
  api.onError((error, c) => {
    const { requestId } = c.env
    return problemResponse(asRegistryError(app, error, { requestId, request: c.req.raw }), requestId)
  })
  return api
}
