import { createMiddleware } from 'hono/factory'
import { readBody } from '#ecosystems/read-body.ts'
import type { ApiEnv } from './env.ts'

/** Reads the body before anybody else does, and no more of it than allowed. */
export function boundedBody(maxBytes: number) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const { raw } = c.req
    if (raw.body !== null && raw.method !== 'GET' && raw.method !== 'HEAD') {
      const bytes = await readBody(raw, maxBytes)
      const { url, method, headers } = raw
      c.req.raw = new Request(url, { method, headers, body: new Uint8Array(bytes) })
    }
    await next()
  })
}
