import { createHash, timingSafeEqual } from 'node:crypto'
import { Hono } from 'hono'
import type { App } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import { asRegistryError, problemResponse } from './errors.ts'
import { Metrics, type PoolCounts } from './metrics.ts'
import { createReadiness } from './readiness.ts'
import type { Bindings } from './request-context.ts'
import { Traffic } from './traffic.ts'

/** What whoever runs a server holds of it: to stop it gently and to tell how it fares. */
export interface Operation {
  readonly traffic: Traffic
  readonly metrics: Metrics
}

/** First path segments that operators and their machines ask for. */
export const OPERATING_SEGMENTS = ['healthz', 'readyz', 'metrics'] as const

/** Starts counting. */
export function createOperation(app: App, pool?: () => PoolCounts): Operation {
  const traffic = new Traffic()
  return { traffic, metrics: new Metrics({ app, traffic, pool }) }
}

/** Health, readiness and metrics; also while the server drains. */
export function operatingRoutes(
  app: App,
  { metricsToken }: { readonly metricsToken: string | undefined },
  { traffic, metrics }: Operation,
): Hono<Bindings> {
  const routes = new Hono<Bindings>()
  const findFailing = createReadiness(app)
  routes.get('/healthz', (c) => c.json({ status: 'ok' }, 200, NO_STORE))
  routes.get('/readyz', async (c) => {
    if (traffic.isDraining) {
      throw new RegistryError('unavailable', 'the server is stopping', { retryAfterSeconds: 5 })
    }
    const failing = await findFailing()
    if (failing.length === 0) return c.json({ status: 'ready' }, 200, NO_STORE)
    throw new RegistryError('unavailable', `not working: ${failing.join(', ')}`, {
      details: { failing },
      retryAfterSeconds: 2,
    })
  })
  routes.get('/metrics', async (c) => {
    if (metricsToken !== undefined) checkToken(metricsToken, c.req.header('authorization'))
    const { text, contentType } = await metrics.render()
    return c.body(text, 200, { ...NO_STORE, 'content-type': contentType })
  })
  for (const segment of OPERATING_SEGMENTS) {
    routes.all(`/${segment}`, () => {
      throw new RegistryError('method_not_allowed', 'here only GET and HEAD', {
        details: { allow: 'GET, HEAD' },
      })
    })
  }
  routes.notFound((c) =>
    problemResponse(new RegistryError('not_found', 'nothing here'), c.env.requestId),
  )
  routes.onError((error, c) => {
    const { requestId } = c.env
    return problemResponse(
      asRegistryError(app, error, { requestId, request: c.req.raw }),
      requestId,
    )
  })
  return routes
}

const NO_STORE = { 'cache-control': 'no-store' } as const

function checkToken(token: string, authorization: string | undefined): void {
  const shown = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
  if (shown === undefined) {
    throw new RegistryError('unauthenticated', 'send the metrics token: Authorization: Bearer …')
  }
  // Digests have one length, so comparing them tells nothing.
  const digests = [token, shown].map((one) => createHash('sha256').update(one).digest())
  const [right, given] = digests
  if (!right || !given || !timingSafeEqual(right, given)) {
    throw new RegistryError('credential_invalid', 'the metrics token is wrong')
  }
}
