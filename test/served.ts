import type { Config } from '#config.ts'
import { type Scope, systemActor } from '#core/access/actor.ts'
import { createUser } from '#core/accounts/create-user.ts'
import type { App } from '#core/app.ts'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import type { Settings } from '#core/settings.ts'
import { createToken } from '#core/tokens/create-token.ts'
import { ecosystems } from '#ecosystems/index.ts'
import { createFetch, type ServerOptions } from '#http/server.ts'
import { serve } from '#runtime/serve.ts'
import { openTestApp, type TestApp } from './app.ts'

/** A registry on a real socket, with its own database and folder. */
export interface ServedRegistry {
  readonly url: string
  readonly app: App
  readonly test: TestApp
  stop(): Promise<void>
}

const UNLIMITED = { anonymous: 0, authenticated: 0 }
const ALL_UNLIMITED = { credential: UNLIMITED, write: UNLIMITED, read: UNLIMITED }

/** Also for protocols whose specification names rates. */
export const UNLIMITED_RATES: ServerOptions['rates'] = {
  general: ALL_UNLIMITED,
  ecosystems: { ori: ALL_UNLIMITED },
}

/** Server options as tests want them: generous, no request rates. */
export function testServerOptions(changes: Partial<ServerOptions> = {}): ServerOptions {
  const limits: Config['limits'] = {
    maxManifestBytes: 8 * 1024 * 1024,
    maxBlobBytes: 10 * 1024 ** 3,
    maxBodyBytes: 1024 * 1024,
    maxHeaderBytes: 32 * 1024,
    requestTimeoutSeconds: 60,
    maxConnectionsPerAddress: 1000,
    maxConcurrentUploads: 1000,
    shutdownGraceSeconds: 5,
  }
  return {
    hosts: {},
    trustedProxies: [],
    cors: { origins: [], maxAgeSeconds: 600 },
    metricsToken: undefined,
    limits,
    rates: {
      general: ALL_UNLIMITED,
      ecosystems: {},
    },
    ...changes,
  }
}

/** Serves a test app on a free port of the loopback interface. */
export async function serveTestApp(
  settings: Partial<Settings> = {},
  options: Partial<ServerOptions> = {},
): Promise<ServedRegistry> {
  const test = await openTestApp(settings)
  let answer: ReturnType<typeof createFetch> | undefined
  const server = await serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: (request, connection) =>
      answer?.(request, connection) ?? new Response('starting', { status: 503 }),
    onError: () => new Response('internal error', { status: 500 }),
  })
  // Clients compare times with their own clock, so this one is real.
  const clock = () => new Date()
  const app = { ...test.app, clock, settings: { ...test.app.settings, publicUrl: server.url } }
  answer = createFetch(app, ecosystems, testServerOptions(options))
  return {
    url: server.url,
    app,
    test,
    async stop() {
      await server.stop(1000)
      await test.close()
    },
  }
}

/** A new user with a token; and, if named, namespaces of their own. */
export async function newUser(
  app: App,
  name: string,
  more: { namespaces?: string[]; scopes?: Scope[]; isOperator?: boolean } = {},
): Promise<{ name: string; secret: string; basic: string }> {
  const cli = systemActor('cli')
  await createUser(app, cli, {
    name,
    email: `${name}@example.org`,
    isOperator: more.isOperator ?? false,
  })
  for (const namespace of more.namespaces ?? []) {
    await createNamespace(app, cli, { name: namespace, owner: name })
  }
  const { secret } = await createToken(
    app,
    cli,
    { user: name },
    {
      name: 'test',
      scopes: more.scopes ?? ['read', 'publish', 'admin'],
    },
  )
  return { name, secret, basic: `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}` }
}
