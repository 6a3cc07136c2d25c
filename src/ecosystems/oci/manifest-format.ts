import { z } from 'zod'
import { isDigest } from '#core/blobs/digest.ts'
import { RegistryError } from '#core/errors.ts'
import type { ReleaseFile } from '#core/releases/new-release.ts'

const INDEX_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
]
const MANIFEST_TYPES = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.artifact.manifest.v1+json',
]
const MAX_DESCRIPTORS = 4096
/** JSON deeper than this is no manifest; a parser deeper than its stack is no server. */
const MAX_DEPTH = 64
const [QUOTE, BACKSLASH] = Buffer.from('"\\')
const [OPEN_BRACKET, OPEN_BRACE, CLOSE_BRACKET, CLOSE_BRACE] = Buffer.from('[{]}')

const annotations = z.record(z.string(), z.string())
/** RFC 6838 §4.2 in spirit: printable, without spaces to speak of. */
const mediaType = z
  .string()
  .max(255)
  .regex(/^[\x20-\x7e]*$/, 'not a media type')
const descriptor = z.looseObject({
  mediaType: mediaType.min(1),
  digest: z.string().refine(isDigest, 'not a sha256 or sha512 digest'),
  size: z.int().min(0),
  urls: z.array(z.string()).nullish(),
  artifactType: mediaType.nullish(),
  annotations: annotations.nullish(),
})
const manifest = z.looseObject({
  schemaVersion: z.literal(2).optional(),
  mediaType: z.string().optional(),
  artifactType: mediaType.nullish(),
  config: descriptor.nullish(),
  layers: z.array(descriptor).max(MAX_DESCRIPTORS).nullish(),
  blobs: z.array(descriptor).max(MAX_DESCRIPTORS).nullish(),
  manifests: z.array(descriptor).max(MAX_DESCRIPTORS).nullish(),
  subject: descriptor.nullish(),
  annotations: annotations.nullish(),
})

type Descriptor = z.infer<typeof descriptor>
type Manifest = z.infer<typeof manifest>

/** What the registry needs to know of a manifest. */
export interface InspectedManifest {
  readonly mediaType: string
  /** What referrers call its artifactType; empty when it has none. */
  readonly artifactType: string
  readonly subject: string | undefined
  readonly annotations: Readonly<Record<string, string>>
  /** What must be in the repository already. */
  readonly files: readonly ReleaseFile[]
  /** The descriptors of an index, as sent. */
  readonly manifests: readonly Descriptor[]
}

/** Parses the bytes of a manifest pushed as `contentType`; throws `manifest_invalid` with the place. */
export function inspectManifest(bytes: Uint8Array, contentType: string): InspectedManifest {
  const mediaType = contentType.split(';')[0]?.trim().toLowerCase() ?? ''
  const isIndex = INDEX_TYPES.includes(mediaType)
  if (!isIndex && !MANIFEST_TYPES.includes(mediaType)) {
    throw invalid(`${mediaType || 'a manifest without Content-Type'} is not a known manifest type`)
  }
  const parsed = manifest.safeParse(parseJson(bytes))
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw invalid(`${issue?.path.join('.') || 'the manifest'}: ${issue?.message ?? 'is not valid'}`)
  }
  const found = parsed.data
  checkShape(found, mediaType, isIndex)
  return {
    mediaType,
    artifactType: found.artifactType || (isIndex ? '' : (found.config?.mediaType ?? '')),
    subject: found.subject?.digest,
    annotations: found.annotations ?? {},
    files: filesOf(found),
    manifests: found.manifests ?? [],
  }
}

function checkShape(found: Manifest, mediaType: string, isIndex: boolean): void {
  if (found.mediaType !== undefined && found.mediaType !== mediaType) {
    throw invalid(`mediaType says ${found.mediaType}, Content-Type ${mediaType}`)
  }
  if (isIndex) {
    if (!found.manifests) throw invalid('an index needs manifests')
    return
  }
  if (found.manifests) throw invalid('an image manifest has no manifests')
  if (!found.config && !isArtifact(mediaType)) throw invalid('an image manifest needs config')
}

function isArtifact(mediaType: string): boolean {
  return mediaType === 'application/vnd.oci.artifact.manifest.v1+json'
}

function filesOf(found: Manifest): ReleaseFile[] {
  const file = (role: string) => (one: Descriptor) => {
    const { digest, mediaType, size } = one
    return { role, digest, mediaType, size }
  }
  const layers = [...(found.layers ?? []), ...(found.blobs ?? [])]
  return [
    ...(found.config ? [file('config')(found.config)] : []),
    ...layers.filter((layer) => !isForeign(layer)).map(file('layer')),
    ...(found.manifests ?? []).map(file('child')),
  ]
}

/** Layers that their publisher hosts elsewhere need not be here. */
function isForeign(layer: Descriptor): boolean {
  return (layer.urls?.length ?? 0) > 0 || /nondistributable|foreign/.test(layer.mediaType)
}

function parseJson(bytes: Uint8Array): unknown {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw invalid('the manifest is not UTF-8', error)
  }
  if (isTooDeep(bytes)) throw invalid(`the manifest nests deeper than ${MAX_DEPTH} levels`)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw invalid(`the manifest is not JSON: ${error instanceof Error ? error.message : ''}`, error)
  }
}

/** Counts brackets outside strings before the parser recurses. Byte by byte: a pattern backtracks. */
function isTooDeep(bytes: Uint8Array): boolean {
  let depth = 0
  let isInString = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) isInString = !isInString
    else if (isInString) at += byte === BACKSLASH ? 1 : 0
    else depth += stepOf(byte)
    if (depth > MAX_DEPTH) return true
  }
  return false
}

/** How much deeper it is after this byte. */
function stepOf(byte: number | undefined): number {
  if (byte === OPEN_BRACKET || byte === OPEN_BRACE) return 1
  return byte === CLOSE_BRACKET || byte === CLOSE_BRACE ? -1 : 0
}

function invalid(message: string, cause?: unknown): RegistryError {
  return new RegistryError('manifest_invalid', message, { cause })
}
