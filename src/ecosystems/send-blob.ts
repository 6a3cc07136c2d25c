import type { Context } from 'hono'
import type { Env } from './contract.ts'
import { type HotAnswer, sendHot } from './hot-answer.ts'
import { parseRange } from './range.ts'

/** An answer that is a blob. */
interface BlobAnswer extends Omit<HotAnswer, 'body'> {
  readonly locator: string
  readonly size: number
}

/** Answers with a blob: from its file, kept for the next one; or, without a local file, as a stream. */
export async function sendBlob(c: Context<Env>, answer: BlobAnswer): Promise<Response> {
  const { locator, size, ...rest } = answer
  const { app } = c.var
  const { path } = await app.blobs.open(locator)
  if (path !== undefined) return sendHot(c, { ...rest, body: { path, size } })
  const range = parseRange(c.req.header('range') ?? null, size)
  const length = range ? range.end - range.start : size
  const headers: Record<string, string> = { ...rest.headers, 'content-length': String(length) }
  if (range) headers['content-range'] = `bytes ${range.start}-${range.end - 1}/${size}`
  const isHead = c.req.method === 'HEAD'
  if (!isHead && (range === undefined || range.start === 0)) rest.onSent?.()
  const body = isHead ? null : (await app.blobs.open(locator, range)).stream()
  return new Response(body, { status: range ? 206 : 200, headers })
}
