import type { Context } from 'hono'
import { parseDigest } from '#core/blobs/digest.ts'
import { findReadableBlob } from '#core/blobs/find-readable-blob.ts'
import { type BlobFacts, getBlob } from '#core/blobs/get-blob.ts'
import { packageTopic } from '#core/cache/topics.ts'
import { RegistryError } from '#core/errors.ts'
import { findOwnNamespace } from '#core/namespaces/find-own-namespace.ts'
import { findPackage, getReadablePackage, type PackageRef } from '#core/packages/package.ts'
import { publishRelease } from '#core/releases/publish-release.ts'
import { uploadBlob } from '#core/uploads/finish-upload.ts'
import type { Env } from '#ecosystems/contract.ts'
import { sendHot } from '#ecosystems/hot-answer.ts'
import { parseRange } from '#ecosystems/range.ts'
import { bodyChunks } from '#ecosystems/read-body.ts'
import { isPlainType } from './media-types.ts'
import { packageRef, parseName } from './name.ts'
import { param } from './request.ts'

/** Where bytes go that were put without saying where. */
const DEFAULT_PLACE = { project: 'opm', repository: 'blobs' } as const

interface FoundBlob extends BlobFacts {
  readonly packageId: number
  readonly visibility: 'public' | 'private'
}

/** GET and HEAD /blobs/{digest}: of `?repository=`, or of any package that the caller may read. */
export async function readBlob(c: Context<Env>): Promise<Response> {
  const { app } = c.var
  const blob = await findBlob(c, param(c, 'digest'))
  const isPublic = blob.visibility === 'public'
  const headers = {
    'content-type': 'application/octet-stream',
    etag: `"${blob.digest}"`,
    'accept-ranges': 'bytes',
    'cache-control': `${isPublic ? 'public' : 'private'}, max-age=31536000, immutable`,
    'x-content-type-options': 'nosniff',
  }
  const { path } = await app.blobs.open(blob.locator)
  if (path === undefined) return streamBlob(c, blob, headers)
  return sendHot(c, {
    topics: [packageTopic(blob.packageId)],
    headers,
    body: { path, size: blob.size },
    isPublic,
  })
}

/**
 * PUT /blobs/{digest}: into `?repository=namespace/project/repository`, where it stays once a tag or
 * a manifest needs it, as anything pushed by /v2/; or into the caller's own place, to stay.
 */
export async function writeBlob(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const digest = param(c, 'digest')
  parseDigest(digest)
  const named = namedRepository(c)
  const ref = named ?? (await ownPlace(c))
  const isNew = !(await hasBlob(c, ref, digest))
  const length = c.req.header('content-length')
  await uploadBlob(app, actor, ref, {
    digest,
    body: bodyChunks(c.req.raw),
    ...(length !== undefined && { bytes: Number(length) }),
  })
  if (!named) await keep(c, ref, digest)
  const headers: Record<string, string> = {
    'content-length': '0',
    'cache-control': 'no-store',
    etag: `"${digest}"`,
    // Who did not say where learns where.
    'opm-repository': `${ref.namespace}/${ref.project ?? ref.ecosystem}/${ref.name}`,
  }
  if (isNew) headers.location = new URL(c.req.url).pathname
  return new Response(null, { status: isNew ? 201 : 200, headers })
}

/** A blob that no release names would be collected: this one is a release by itself. */
async function keep(c: Context<Env>, ref: PackageRef, digest: string): Promise<void> {
  const type = c.req.header('content-type')?.split(';')[0]?.trim() ?? ''
  const isTold = isPlainType(type) && type !== 'application/x-www-form-urlencoded'
  await publishRelease(c.var.app, c.var.actor, ref, {
    version: digest,
    digest,
    mediaType: isTold ? type : 'application/octet-stream',
    kind: '',
    metadata: {},
    files: [],
    tags: [],
  })
}

async function findBlob(c: Context<Env>, digest: string): Promise<FoundBlob> {
  const { app, actor } = c.var
  const ref = namedRepository(c)
  if (!ref) return findReadableBlob(app, actor, digest)
  parseDigest(digest)
  const from = await getReadablePackage(app, actor, ref)
  const blob = await getBlob(app, from, digest)
  return { ...blob, packageId: from.id, visibility: from.visibility }
}

/** For stores without local files: the bytes pass through. */
async function streamBlob(
  c: Context<Env>,
  blob: FoundBlob,
  shared: Record<string, string>,
): Promise<Response> {
  const range = parseRange(c.req.header('range') ?? null, blob.size)
  const length = range ? range.end - range.start : blob.size
  const headers: Record<string, string> = { ...shared, 'content-length': String(length) }
  if (range) headers['content-range'] = `bytes ${range.start}-${range.end - 1}/${blob.size}`
  const isHead = c.req.method === 'HEAD'
  const body = isHead ? null : (await c.var.app.blobs.open(blob.locator, range)).stream()
  return new Response(body, { status: range ? 206 : 200, headers })
}

function namedRepository(c: Context<Env>): PackageRef | undefined {
  const raw = new URL(c.req.url).searchParams.get('repository')
  if (raw === null) return undefined
  const { namespace, project, name: repository } = parseName(raw)
  return packageRef(c.var.app, { namespace, project, repository })
}

/** The blobs of the caller's first namespace. */
async function ownPlace(c: Context<Env>): Promise<PackageRef> {
  const { app, actor } = c.var
  if (actor.kind === 'anonymous') {
    throw new RegistryError('unauthenticated', 'to publish needs a credential')
  }
  const namespace = await findOwnNamespace(app, actor)
  if (namespace) return packageRef(app, { namespace: namespace.name, ...DEFAULT_PLACE })
  throw new RegistryError(
    'invalid_request',
    'you have no namespace to put it in: say where with ?repository=namespace/project/repository',
  )
}

async function hasBlob(c: Context<Env>, ref: PackageRef, digest: string): Promise<boolean> {
  const from = await findPackage(c.var.app, ref)
  if (!from) return false
  try {
    await getBlob(c.var.app, from, digest)
    return true
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'blob_unknown') return false
    throw error
  }
}
