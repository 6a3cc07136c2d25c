import { deleteBlob } from '#core/blobs/delete-blob.ts'
import { parseDigest } from '#core/blobs/digest.ts'
import { getBlob } from '#core/blobs/get-blob.ts'
import { packageTopic } from '#core/cache/topics.ts'
import { getReadablePackage } from '#core/packages/package.ts'
import { sendHot } from '#ecosystems/hot-answer.ts'
import { parseRange } from '#ecosystems/range.ts'
import { COMMON_HEADERS, cacheScope, type OciRequest } from './request.ts'

/** end-2: GET and HEAD of a blob, whole or a range. */
export async function readBlob(request: OciRequest): Promise<Response> {
  const { c, reference } = request
  const { app, actor } = c.var
  parseDigest(reference)
  const from = await getReadablePackage(app, actor, request.package)
  const blob = await getBlob(app, from, reference)
  const headers = {
    ...COMMON_HEADERS,
    'content-type': 'application/octet-stream',
    'docker-content-digest': blob.digest,
    etag: `"${blob.digest}"`,
    'accept-ranges': 'bytes',
    'cache-control': `${cacheScope(from)}, max-age=31536000, immutable`,
    'x-content-type-options': 'nosniff',
  }
  const { path } = await app.blobs.open(blob.locator)
  if (path !== undefined) {
    return sendHot(c, {
      topics: [packageTopic(from.id)],
      headers,
      body: { path, size: blob.size },
      isPublic: from.visibility === 'public',
      grant: { name: request.name, action: 'pull' },
    })
  }
  return streamBlob(request, { ...blob, headers })
}

/** For stores without local files: the bytes pass through. */
async function streamBlob(
  { c }: OciRequest,
  blob: { locator: string; size: number; headers: Record<string, string> },
): Promise<Response> {
  const range = parseRange(c.req.header('range') ?? null, blob.size)
  const length = range ? range.end - range.start : blob.size
  const headers: Record<string, string> = { ...blob.headers, 'content-length': String(length) }
  if (range) headers['content-range'] = `bytes ${range.start}-${range.end - 1}/${blob.size}`
  const isHead = c.req.method === 'HEAD'
  const body = isHead ? null : (await c.var.app.blobs.open(blob.locator, range)).stream()
  return new Response(body, { status: range ? 206 : 200, headers })
}

/** end-10: DELETE of a blob that no manifest of the repository names. */
export async function removeBlob({ c, reference, package: ref }: OciRequest): Promise<Response> {
  await deleteBlob(c.var.app, c.var.actor, ref, reference)
  return new Response(null, { status: 202, headers: { ...COMMON_HEADERS, 'content-length': '0' } })
}
