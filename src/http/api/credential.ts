import { createMiddleware } from 'hono/factory'
import { authenticate } from '#core/accounts/authenticate.ts'
import { RegistryError } from '#core/errors.ts'
import { bearerOrBasic } from '#ecosystems/credential.ts'
import { takeRequestRate } from '#http/request-rate.ts'
import type { ServerOptions } from '#http/server.ts'
import type { ApiEnv } from './env.ts'

/** Finds out who asks and counts the request. What was made for one protocol is no good here. */
export function credential(options: ServerOptions) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const { app } = c.var
    const shown = bearerOrBasic(c.req.raw)
    const actor = await authenticate(app, shown && { ...shown, mayBeGrant: true }, c.env)
    if (actor.grants) {
      throw new RegistryError('credential_invalid', 'this credential is good for another protocol')
    }
    c.set('actor', actor)
    await takeRequestRate(app, options, { c, ecosystem: 'api', actor })
    await next()
  })
}
