import { type Context, Hono } from 'hono'
import { authenticate } from '#core/accounts/authenticate.ts'
import type { App } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import type { Ecosystem, Env } from '#ecosystems/contract.ts'
import { asRegistryError } from './errors.ts'
import { keepHot } from './hot.ts'
import { takeRequestRate } from './request-rate.ts'
import type { Bindings } from './request-context.ts'
import type { ServerOptions } from './server.ts'

type FrontEnv = Env & Bindings

/**
 * The face of one ecosystem below `prefix`: finds out who asks, counts the request, lets the
 * ecosystem answer, and renders every failure in the ecosystem's own form.
 */
export function createFront(
  app: App,
  ecosystem: Ecosystem,
  prefix: string,
  options: ServerOptions,
): Hono<FrontEnv> {
  const front = new Hono<FrontEnv>()
  const render = (error: RegistryError, c: Context<FrontEnv>) => {
    const response = ecosystem.renderError(error, c as unknown as Context<Env>)
    if (error.retryAfterSeconds !== undefined) {
      response.headers.set('retry-after', String(error.retryAfterSeconds))
    }
    const { allow } = error.details
    if (typeof allow === 'string') response.headers.set('allow', allow)
    return response
  }
  front.use(async (c, next) => {
    // No name, tag or query holds one, and PostgreSQL takes none.
    if (c.req.url.includes('%00')) {
      throw new RegistryError('invalid_request', 'the address holds a NUL character')
    }
    c.set('app', app)
    const epoch = app.cache.begin()
    c.set('epoch', epoch)
    const shown = ecosystem.credential(c.req.raw)
    const actor = await authenticate(app, shown, c.env)
    c.set('actor', actor)
    await takeRequestRate(app, options, { c, ecosystem: ecosystem.id, actor })
    await next()
    if (c.var.hot) keepHot(app, c.req.raw, { answer: c.var.hot, epoch, actor })
  })
  front.route(prefix, ecosystem.routes() as unknown as Hono<FrontEnv>)
  front.notFound((c) => render(new RegistryError('not_found', 'no such endpoint'), c))
  front.onError((error, c) => {
    const failure = asRegistryError(app, error, { requestId: c.env.requestId, request: c.req.raw })
    return render(failure, c)
  })
  return front
}
