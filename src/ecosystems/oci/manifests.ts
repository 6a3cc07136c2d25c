import { digestOf, isDigest, parseDigest } from '#core/blobs/digest.ts'
import { packageTopic } from '#core/cache/topics.ts'
import { RegistryError } from '#core/errors.ts'
import { getReadablePackage } from '#core/packages/package.ts'
import { deleteRelease } from '#core/releases/delete-release.ts'
import { deleteTag } from '#core/releases/delete-tag.ts'
import { getRelease, readRelease } from '#core/releases/get-release.ts'
import { mayPublish, publishRelease } from '#core/releases/publish-release.ts'
import { sendHot } from '#ecosystems/hot-answer.ts'
import { readBody } from '#ecosystems/read-body.ts'
import { inspectManifest } from './manifest-format.ts'
import { checkTag } from './name.ts'
import { COMMON_HEADERS, cacheScope, type OciRequest } from './request.ts'
import { warningHeader } from './warning.ts'

const MAX_TAGS_PER_PUSH = 100

/** end-3: GET and HEAD of a manifest by tag or digest. */
export async function readManifest(request: OciRequest): Promise<Response> {
  const { c, reference } = request
  const { app, actor } = c.var
  checkReference(reference)
  const from = await getReadablePackage(app, actor, request.package)
  const release = await getRelease(app, from, reference)
  const isByDigest = isDigest(reference)
  return sendHot(c, {
    topics: [packageTopic(from.id)],
    headers: {
      ...COMMON_HEADERS,
      'content-type': release.mediaType,
      'docker-content-digest': release.digest,
      etag: `"${release.digest}"`,
      // A tag may move and a manifest be deleted: caches must ask again, which costs a 304.
      'cache-control': isByDigest ? `${cacheScope(from)}, max-age=60` : 'no-cache',
      'x-content-type-options': 'nosniff',
      ...warningHeader(from, release),
    },
    body: await readRelease(app, release),
    isPublic: from.visibility === 'public',
    grant: { name: request.name, action: 'pull' },
  })
}

/** end-7a and 7b: PUT of a manifest by tag, or by digest with any number of tags. */
export async function writeManifest(request: OciRequest): Promise<Response> {
  const { c, reference, query, package: ref } = request
  const { app, actor } = c.var
  checkReference(reference)
  const isByDigest = isDigest(reference)
  const tags = isByDigest ? query.getAll('tag').map(checkTag) : [reference]
  if (tags.length > MAX_TAGS_PER_PUSH) {
    throw new RegistryError('uri_too_long', `at most ${MAX_TAGS_PER_PUSH} tags per push`)
  }
  await mayPublish(app, actor, ref)
  const bytes = await readBody(c.req.raw, app.settings.maxManifestBytes)
  const digest = digestOf(bytes, isByDigest ? parseDigest(reference).algorithm : 'sha256')
  if (isByDigest && digest !== reference) {
    throw new RegistryError('digest_invalid', `the manifest's digest is ${digest}`)
  }
  const manifest = inspectManifest(bytes, c.req.header('content-type') ?? '')
  const { mediaType, artifactType, annotations, subject, files } = manifest
  await publishRelease(app, actor, ref, {
    version: digest,
    bytes,
    digest,
    mediaType,
    kind: artifactType,
    metadata: { annotations },
    files,
    tags,
    ...(subject !== undefined && { subject }),
  })
  const headers = new Headers({
    ...COMMON_HEADERS,
    location: `/v2/${request.name}/manifests/${digest}`,
    'docker-content-digest': digest,
    'content-length': '0',
  })
  if (subject !== undefined) headers.set('oci-subject', subject)
  if (isByDigest) for (const tag of tags) headers.append('oci-tag', tag)
  return new Response(null, { status: 201, headers })
}

/** end-9: DELETE of a tag only unlinks; DELETE of a digest takes its tags along. */
export async function removeManifest(request: OciRequest): Promise<Response> {
  const { c, reference, package: ref } = request
  checkReference(reference)
  const { app, actor } = c.var
  if (isDigest(reference)) await deleteRelease(app, actor, ref, reference)
  else await deleteTag(app, actor, ref, reference)
  return new Response(null, { status: 202, headers: { ...COMMON_HEADERS, 'content-length': '0' } })
}

/** A digest begins with an algorithm and a colon; no tag holds a colon. */
function checkReference(reference: string): void {
  if (reference.includes(':')) parseDigest(reference)
  else checkTag(reference)
}
