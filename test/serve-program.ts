/** The smallest server program: what `entrepot serve` does, for as long as that is not there. */
import { openApp } from '#compose.ts'
import { loadConfig, processSources } from '#config.ts'
import { ecosystems } from '#ecosystems/index.ts'
import { createFetch } from '#http/server.ts'
import { serve } from '#runtime/serve.ts'

// biome-ignore lint/suspicious/noConsole: the program's log
const log = (fields: object, message: string) => console.error(message, fields)
const config = loadConfig(
  processSources(
    {},
    ecosystems.map(({ id }) => id),
  ),
)
const { app } = await openApp(config, { debug: () => {}, info: () => {}, warn: log, error: log })
await serve({
  hostname: config.listen.hostname,
  port: config.listen.port,
  fetch: createFetch(app, ecosystems, config),
  onError: () => new Response('internal error', { status: 500 }),
})
