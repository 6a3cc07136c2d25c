import type { Context } from 'hono'
import { z } from 'zod'
import { isDigest } from '#core/blobs/digest.ts'
import { getBlob } from '#core/blobs/get-blob.ts'
import { RegistryError } from '#core/errors.ts'
import {
  getPackageFor,
  getReadablePackage,
  type Package,
  type PackageRef,
} from '#core/packages/package.ts'
import { deleteTag } from '#core/releases/delete-tag.ts'
import { moveTag } from '#core/releases/move-tag.ts'
import {
  findNamedRelease,
  findReleaseOfDigest,
  listNamedReleases,
  type NamedRelease,
} from '#core/releases/named-releases.ts'
import { publishRelease } from '#core/releases/publish-release.ts'
import type { Env } from '#ecosystems/contract.ts'
import { sendDocument, sendDone } from './answers.ts'
import { isMediaType, isPlainType } from './media-types.ts'
import { ANY_CONTENT, checkTag } from './name.ts'
import { repositoryRef } from './repositories.ts'
import { listRequest, param, readDocument } from './request.ts'

const createSchema = z.strictObject({
  manifest: z.looseObject({
    mediaType: z.string().refine(isMediaType, 'is no media type'),
    digest: z.string().refine(isDigest, 'is no sha256 or sha512 digest'),
    size: z.int().min(0),
    urls: z.array(z.url()).max(64).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
})

/** Says why nobody should use a release any more; the protocol has no word of its own for it. */
const DEPRECATED = 'io.entrepot.deprecated'

type Descriptor = z.infer<typeof createSchema>['manifest']

/** GET …/tags: tags, and the versions of ecosystems that have some. */
export async function readTags(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const ref = await repositoryRef(c)
  const from = await getReadablePackage(app, actor, ref)
  const { limit, after } = listRequest(c)
  const found = await listNamedReleases(app, from, { limit: limit + 1, after })
  const tags = found.slice(0, limit).map((one) => view(c, { ref, from }, one))
  return sendDocument(c, {
    kind: 'tag',
    form: 'list',
    body: { tags },
    next: found.length > limit ? tags.at(-1)?.name : undefined,
    limit,
    from,
  })
}

/** GET …/tags/{tag}. */
export async function readTag(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const ref = await repositoryRef(c)
  const from = await getReadablePackage(app, actor, ref)
  const name = param(c, 'tag')
  const found = await findNamedRelease(app, from, name)
  if (!found)
    throw new RegistryError('tag_unknown', `${from.path} has no tag ${name.slice(0, 128)}`)
  return sendDocument(c, { kind: 'tag', body: view(c, { ref, from }, found), from })
}

/** PUT …/tags/{tag}: points it at a manifest, or at any blob, that the repository has. */
export async function writeTag(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const ref = await repositoryRef(c)
  const tag = checkTag(param(c, 'tag'))
  const target = await getPackageFor(app, actor, ref, 'publish')
  const { manifest } = await readDocument(c, 'tag', createSchema)
  const before = await findNamedRelease(app, target, tag)
  if (before?.isVersion) {
    throw new RegistryError('conflict', `${tag} is a version of ${target.path}, and those stay`)
  }
  const release = await findReleaseOfDigest(app, target, manifest.digest)
  if (release) {
    requireSame(release, manifest)
    return sendDone(c, await moveTag(app, actor, ref, { name: tag, version: release.version }))
  }
  if (ref.ecosystem !== ANY_CONTENT) {
    throw manifestUnknown(`${target.path} has no release ${manifest.digest}`)
  }
  await tagBlob(c, ref, { tag, manifest, size: await blobSize(c, target, manifest) })
  return sendDone(c, { isNew: before === undefined })
}

/** DELETE …/tags/{tag}: what it pointed at stays. */
export async function removeTag(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const ref = await repositoryRef(c)
  const name = param(c, 'tag')
  const target = await getPackageFor(app, actor, ref, 'publish')
  const found = await findNamedRelease(app, target, name)
  if (found?.isVersion) {
    throw new RegistryError('conflict', `${name} is a version of ${target.path}, not a tag`)
  }
  await deleteTag(app, actor, ref, name)
  return sendDone(c)
}

/** The size of a plain blob of the repository; what is neither that nor a manifest is unknown. */
async function blobSize(
  c: Context<Env>,
  target: Parameters<typeof getBlob>[1],
  manifest: Descriptor,
): Promise<number> {
  if (!isPlainType(manifest.mediaType)) {
    throw manifestUnknown(
      `${target.path} has no manifest ${manifest.digest}: push it by /v2/ first`,
    )
  }
  try {
    return (await getBlob(c.var.app, target, manifest.digest)).size
  } catch (error) {
    if (!(error instanceof RegistryError) || error.code !== 'blob_unknown') throw error
    throw manifestUnknown(`${target.path} has no manifest or blob ${manifest.digest}`)
  }
}

/** Makes a release of a blob: a tagged collection can be anything, even one tarball. */
async function tagBlob(
  c: Context<Env>,
  ref: PackageRef,
  { tag, manifest, size }: { tag: string; manifest: Descriptor; size: number },
): Promise<void> {
  const { mediaType, digest, annotations = {}, urls } = manifest
  requireSame({ mediaType, size }, manifest)
  await publishRelease(c.var.app, c.var.actor, ref, {
    version: digest,
    digest,
    mediaType,
    kind: '',
    metadata: { annotations, ...(urls && { urls }) },
    files: [],
    tags: [tag],
  })
}

function requireSame(known: { mediaType: string; size: number }, manifest: Descriptor): void {
  const { digest, mediaType, size } = manifest
  if (known.size !== size) {
    throw new RegistryError('unprocessable', `${digest} has ${known.size} bytes, not ${size}`, {
      details: { reason: 'SIZE_INVALID' },
    })
  }
  if (known.mediaType !== mediaType) {
    throw new RegistryError('unprocessable', `${digest} is ${known.mediaType}, not ${mediaType}`, {
      details: { reason: 'MANIFEST_INVALID' },
    })
  }
}

function manifestUnknown(message: string): RegistryError {
  return new RegistryError('unprocessable', message, { details: { reason: 'MANIFEST_UNKNOWN' } })
}

function view(
  c: Context<Env>,
  { ref, from }: { ref: PackageRef; from: Package },
  found: NamedRelease,
) {
  const { digest, mediaType, size, kind, metadata } = found
  const { urls } = metadata
  const annotations = annotationsOf(from, found)
  return {
    name: found.name,
    namespace: ref.namespace,
    project: param(c, 'project'),
    repository: param(c, 'repository'),
    manifest: {
      mediaType,
      digest,
      size,
      ...(kind !== '' && { artifactType: kind }),
      ...(Object.keys(annotations).length > 0 && { annotations }),
      ...(Array.isArray(urls) && { urls }),
    },
  }
}

/** Its own annotations, and that it, or all of its repository, is deprecated. */
function annotationsOf(from: Package, { metadata, deprecation }: NamedRelease): object {
  const why = deprecation ?? from.deprecation
  return { ...(metadata.annotations as object), ...(why !== null && { [DEPRECATED]: why }) }
}
