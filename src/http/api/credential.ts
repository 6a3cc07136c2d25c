import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import type { Actor } from '#core/access/actor.ts'
import { authenticate } from '#core/accounts/authenticate.ts'
import { RegistryError } from '#core/errors.ts'
import { bearerOrBasic } from '#ecosystems/credential.ts'
import { takeRequestRate } from '#http/request-rate.ts'
import type { ServerOptions } from '#http/server.ts'
import type { ApiEnv } from './env.ts'

const TRIED_PATHS: ReadonlySet<string> = new Set([
  '/api/v1/tokens/report',
  '/api/v1/sign-in',
  '/api/v1/sign-in/fetch',
])

/** As rates and metrics name this part of the server. Reporting a token tries it, like a log-in. */
const PROTOCOL = {
  id: 'api',
  rateClass: ({ method, url }: Pick<Request, 'method' | 'url'>) =>
    method === 'POST' && TRIED_PATHS.has(new URL(url).pathname)
      ? ('credential' as const)
      : undefined,
}

/** Finds out who asks, and counts the request: for them, or for their address when that fails. */
export function credential(options: ServerOptions) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const { app } = c.var
    try {
      c.set('actor', await identify(c))
    } catch (error) {
      const actor = { name: 'unknown', credential: '', address: c.env.address }
      await takeRequestRate(app, options, { c, ecosystem: PROTOCOL, actor })
      throw error
    }
    await takeRequestRate(app, options, { c, ecosystem: PROTOCOL, actor: c.var.actor })
    await next()
  })
}

async function identify(c: Context<ApiEnv>): Promise<Actor> {
  const shown = bearerOrBasic(c.req.raw)
  const actor = await authenticate(c.var.app, shown && { ...shown, mayBeGrant: true }, c.env)
  if (!actor.grants) return actor
  throw new RegistryError('credential_invalid', 'this credential is good for another protocol')
}
