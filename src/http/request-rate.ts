import type { Context } from 'hono'
import type { Actor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import type { ServerOptions } from './server.ts'

/** Counts a request against its class' limit; throws `rate_limited` beyond it. */
export async function takeRequestRate(
  _app: App,
  _options: ServerOptions,
  _request: { c: Context; ecosystem: string; actor: Actor },
): Promise<void> {
  // Filled in by the operating slice.
}
