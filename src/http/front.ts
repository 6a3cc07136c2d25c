import { type Context, Hono } from 'hono'
import type { Actor } from '#core/access/actor.ts'
import { authenticate } from '#core/accounts/authenticate.ts'
import type { App } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import type { Ecosystem, Env } from '#ecosystems/contract.ts'
import { asRegistryError } from './errors.ts'
import { keepHot } from './hot.ts'
import type { Keeping } from './kept-answer.ts'
import type { ProtocolCounts } from './protocol-counts.ts'
import type { Bindings } from './request-context.ts'
import { limitOf, takeRequestRate } from './request-rate.ts'
import type { ServerOptions } from './server.ts'

type FrontEnv = Env & Bindings

/** What of a protocol a front needs; it knows nothing of names and versions. */
export type FrontedProtocol = Pick<
  Ecosystem,
  'id' | 'fixedSegments' | 'credential' | 'routes' | 'rates' | 'rateClass' | 'renderError'
>

/** What all faces of one ecosystem share. */
interface FrontParts {
  readonly options: ServerOptions
  readonly counts: ProtocolCounts
  /** Headers of every answer to anybody. */
  readonly fixedHeaders: Readonly<Record<string, string>>
}

/**
 * The face of one ecosystem below `prefix`: finds out who asks, counts the request, lets the
 * ecosystem answer, and renders every failure in the ecosystem's own form.
 */
export function createFront(
  app: App,
  ecosystem: FrontedProtocol,
  prefix: string,
  { options, counts, fixedHeaders }: FrontParts,
): Hono<FrontEnv> {
  const front = new Hono<FrontEnv>()
  const readLimit = limitOf(options.rates, ecosystem, 'read')
  const { anonymous, authenticated } = readLimit.rate
  const isReadLimited = anonymous > 0 || authenticated > 0
  const keeping: Keeping = {
    counts: counts.hot,
    fixedHeaders,
    readLimit: isReadLimited ? readLimit : undefined,
  }
  front.use(async (c, next) => {
    c.set('app', app)
    if (c.env.refusal) throw c.env.refusal
    const epoch = app.cache.begin()
    c.set('epoch', epoch)
    const actor = await identify(app, ecosystem, options, c)
    c.set('actor', actor)
    await takeRequestRate(app, options, { c, ecosystem, actor })
    await next()
    if (!c.var.hot) return
    counts.hotMisses++
    keepHot(app, { request: c.req.raw, answer: c.var.hot, epoch, actor }, keeping)
  })
  front.route(prefix, ecosystem.routes() as unknown as Hono<FrontEnv>)
  front.notFound((c) => render(ecosystem, new RegistryError('not_found', 'no such endpoint'), c))
  front.onError((error, c) => {
    const { requestId, refusal } = c.env
    const failure = refusal ?? asRegistryError(app, error, { requestId, request: c.req.raw })
    return render(ecosystem, failure, c)
  })
  return front
}

/** Who asks. What fails here counts as the address' own request. */
async function identify(
  app: App,
  ecosystem: FrontedProtocol,
  options: ServerOptions,
  c: Context<FrontEnv>,
): Promise<Actor> {
  try {
    const shown = ecosystem.credential(c.req.raw)
    const actor = await authenticate(app, shown, c.env)
    if (actor.grants === undefined || ecosystem.fixedSegments !== undefined) return actor
    throw new RegistryError('credential_invalid', 'this credential is good for another protocol')
  } catch (error) {
    const { address } = c.env
    const actor = { name: 'unknown', credential: '', address }
    await takeRequestRate(app, options, { c, ecosystem, actor })
    throw error
  }
}

function render(ecosystem: FrontedProtocol, error: RegistryError, c: Context<FrontEnv>): Response {
  const response = ecosystem.renderError(error, c as unknown as Context<Env>)
  if (error.retryAfterSeconds !== undefined) {
    response.headers.set('retry-after', String(error.retryAfterSeconds))
  }
  const { allow } = error.details
  if (typeof allow === 'string') response.headers.set('allow', allow)
  return response
}
