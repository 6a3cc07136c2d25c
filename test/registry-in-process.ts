import type { App, Log } from '#core/app.ts'
import { ecosystems } from '#ecosystems/index.ts'
import { createOperation, type Operation } from '#http/operating.ts'
import { createFetch, type ServerOptions } from '#http/server.ts'
import { openTestApp, type TestApp } from './app.ts'
import { digestOf, mediaTypes } from './oci-client.ts'
import { newUser, testServerOptions } from './served.ts'

/** How a request is sent in process. */
interface Call {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
  /** The connection's other end. */
  readonly peer?: string
}

/** A registry whose answering function is called directly, with a public image in it. */
export interface RegistryInProcess {
  readonly app: App
  readonly test: TestApp
  readonly operation: Operation
  /** `Authorization` of a user who owns the namespace `ann`. */
  readonly basic: string
  /** Every line that was logged. */
  readonly lines: Array<{ level: string; message: string; [field: string]: unknown }>
  call(path: string, call?: Call): Promise<Response>
  /** Another server on the same app, with other options. */
  withOptions(options: Partial<ServerOptions>): RegistryInProcess
}

/** Path of the manifest that is there from the start. */
export const MANIFEST = '/v2/ann/app/manifests/latest'

/** Opens a registry with a user `ann` and one image. Close `test` at the end. */
export async function openRegistry(
  options: Partial<ServerOptions> = {},
): Promise<RegistryInProcess> {
  const test = await openTestApp()
  const lines: RegistryInProcess['lines'] = []
  const app: App = { ...test.app, log: recordingLog(lines) }
  const { basic } = await newUser(app, 'ann', { namespaces: ['ann'] })
  const base = { app, test, basic, lines }
  const arranging = inProcess(base, {})
  await pushImage(arranging, basic)
  await settle(arranging)
  lines.length = 0
  return inProcess(base, options)
}

type Base = Pick<RegistryInProcess, 'app' | 'test' | 'basic' | 'lines'>

function inProcess(base: Base, options: Partial<ServerOptions>): RegistryInProcess {
  const operation = createOperation(base.app)
  const answer = createFetch(base.app, ecosystems, testServerOptions(options), operation)
  return {
    ...base,
    operation,
    withOptions(others) {
      // What is kept in memory carries the options of the server that kept it.
      base.app.cache.clear()
      return inProcess(base, others)
    },
    async call(path, { method = 'GET', headers = {}, body, peer = '127.0.0.1' } = {}) {
      // A socket would bring the length along.
      const length = body === undefined ? {} : { 'content-length': String(body.length) }
      const init = {
        method,
        headers: { ...length, ...headers },
        ...(body !== undefined && { body }),
      }
      const request = new Request(`http://registry.example${path}`, init)
      return await answer(request, { remoteAddress: () => peer })
    },
  }
}

async function pushImage({ call }: RegistryInProcess, authorization: string): Promise<void> {
  const config = { mediaType: mediaTypes.empty, digest: digestOf(Buffer.from('{}')), size: 2 }
  await expect201(
    await call(`/v2/ann/app/blobs/uploads/?digest=${config.digest}`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/octet-stream' },
      body: '{}',
    }),
  )
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.image, config, layers: [config] }
  await expect201(
    await call(MANIFEST, {
      method: 'PUT',
      headers: { authorization, 'content-type': mediaTypes.image },
      body: JSON.stringify(manifest),
    }),
  )
}

/** Waits until the database's news of what was arranged are over: they empty the memory. */
async function settle({ call }: RegistryInProcess): Promise<void> {
  for (let hits = 0, tries = 0; hits < 3 && tries < 100; tries++) {
    hits = (await call(MANIFEST)).headers.has('x-request-id') ? 0 : hits + 1
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

async function expect201(response: Response): Promise<void> {
  if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`)
}

function recordingLog(lines: RegistryInProcess['lines']): Log {
  const at = (level: string) => (fields: object, message: string) => {
    lines.push({ ...fields, level, message })
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
