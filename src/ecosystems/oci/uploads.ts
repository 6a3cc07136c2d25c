import { isDigest } from '#core/blobs/digest.ts'
import { mountBlob } from '#core/blobs/mount-blob.ts'
import { RegistryError } from '#core/errors.ts'
import type { PackageRef } from '#core/packages/package.ts'
import { cancelUpload } from '#core/uploads/cancel-upload.ts'
import { finishUpload, uploadBlob } from '#core/uploads/finish-upload.ts'
import { startUpload } from '#core/uploads/start-upload.ts'
import { getUpload } from '#core/uploads/upload.ts'
import { writeUpload } from '#core/uploads/write-upload.ts'
import { bodyChunks } from '#ecosystems/read-body.ts'
import { packageRef } from './name.ts'
import { COMMON_HEADERS, isGranted, type OciRequest } from './request.ts'

/** end-4a, 4b, 4c and 11: POST opens an upload, takes a whole blob at once, or mounts one. */
export async function openUpload(request: OciRequest): Promise<Response> {
  const { c, query, package: ref } = request
  const mount = query.get('mount')
  if (mount !== null && (await tryMount(request, mount))) return created(request, mount)
  const algorithm = query.get('digest-algorithm')
  if (algorithm !== null && algorithm !== 'sha256' && algorithm !== 'sha512') {
    throw new RegistryError(
      'digest_invalid',
      `no such digest algorithm here: ${algorithm.slice(0, 50)}`,
    )
  }
  const digest = query.get('digest')
  if (digest !== null) {
    const { app, actor } = c.var
    const body = bodyChunks(c.req.raw)
    await uploadBlob(app, actor, ref, { digest, body, ...announced(request) })
    return created(request, digest)
  }
  return accepted(request, await startUpload(c.var.app, c.var.actor, ref), 0)
}

/** False sends the client to upload: also when the source may not be read, or has no such name. */
async function tryMount(request: OciRequest, digest: string): Promise<boolean> {
  const { c, query } = request
  if (!isDigest(digest))
    throw new RegistryError('digest_invalid', `not a digest: ${digest.slice(0, 150)}`)
  const name = query.get('from')
  if (name === null) return mountBlob(c.var.app, c.var.actor, request.package, { digest })
  let from: PackageRef
  try {
    from = packageRef(name)
  } catch {
    return false
  }
  if (!isGranted(c, name, 'pull')) return false
  return mountBlob(c.var.app, c.var.actor, request.package, { digest, from })
}

/** end-5: PATCH appends a chunk, or a stream of unknown length. */
export async function appendChunk(request: OciRequest): Promise<Response> {
  const { c, reference: id, package: ref } = request
  const offset = await writeUpload(
    c.var.app,
    c.var.actor,
    { package: ref, id },
    {
      body: bodyChunks(c.req.raw),
      ...contentRange(request),
    },
  )
  return accepted(request, id, offset)
}

/** end-6: PUT ends an upload, with a last chunk or the whole blob in its body. */
export async function closeUpload(request: OciRequest): Promise<Response> {
  const { c, query, reference: id, package: ref } = request
  const digest = query.get('digest')
  if (digest === null) throw new RegistryError('digest_invalid', 'PUT of an upload needs ?digest=')
  const { body } = c.req.raw
  await finishUpload(
    c.var.app,
    c.var.actor,
    { package: ref, id },
    {
      digest,
      ...(body && { body: bodyChunks(c.req.raw), ...contentRange(request) }),
    },
  )
  return created(request, digest)
}

/** end-13: GET tells how far an upload came. */
export async function uploadStatus(request: OciRequest): Promise<Response> {
  const { c, reference: id, package: ref } = request
  const { offset } = await getUpload(c.var.app, c.var.actor, { package: ref, id })
  return new Response(null, { status: 204, headers: uploadHeaders(request, id, offset) })
}

/** end-14: DELETE gives an upload up. */
export async function dropUpload({
  c,
  reference: id,
  package: ref,
}: OciRequest): Promise<Response> {
  await cancelUpload(c.var.app, c.var.actor, { package: ref, id })
  return new Response(null, { status: 204, headers: COMMON_HEADERS })
}

function accepted(request: OciRequest, id: string, offset: number): Response {
  const headers = { ...uploadHeaders(request, id, offset), 'content-length': '0' }
  return new Response(null, { status: 202, headers })
}

function created({ name }: OciRequest, digest: string): Response {
  const headers = {
    ...COMMON_HEADERS,
    location: `/v2/${name}/blobs/${digest}`,
    'docker-content-digest': digest,
    'content-length': '0',
  }
  return new Response(null, { status: 201, headers })
}

/** `Range` names the last byte, so an empty upload is also `0-0` (as docker's registry says). */
function uploadHeaders({ name }: OciRequest, id: string, offset: number): Record<string, string> {
  return {
    ...COMMON_HEADERS,
    location: `/v2/${name}/blobs/uploads/${id}`,
    range: `0-${Math.max(0, offset - 1)}`,
    'docker-upload-uuid': id,
  }
}

/** `Content-Range: <first>-<last>` without unit (some clients send `bytes` all the same). */
function contentRange(request: OciRequest): { start?: number; bytes?: number } {
  const raw = request.c.req.header('content-range')
  if (raw === undefined) return announced(request)
  const match = /^(?:bytes[ =])?(\d{1,16})-(\d{1,16})(?:\/(?:\d+|\*))?$/.exec(raw.trim())
  const start = Number(match?.[1])
  const last = Number(match?.[2])
  if (!match || last < start) {
    throw new RegistryError(
      'range_invalid',
      `Content-Range is not <first>-<last>: ${raw.slice(0, 100)}`,
    )
  }
  const bytes = last - start + 1
  const length = announced(request).bytes
  if (length !== undefined && length !== bytes) {
    throw new RegistryError(
      'size_invalid',
      `Content-Range spans ${bytes} bytes, Content-Length says ${length}`,
    )
  }
  return { start, bytes }
}

function announced({ c }: OciRequest): { bytes?: number } {
  const raw = c.req.header('content-length')
  return raw === undefined ? {} : { bytes: Number(raw) }
}
