import assert from 'node:assert/strict'
import { createHash, randomBytes as secureBytes } from 'node:crypto'
import type { Answer } from '#test/raw-http.ts'

/** The media types the tests push. */
export const mediaTypes = {
  image: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  empty: 'application/vnd.oci.empty.v1+json',
  dockerImage: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
}

// Older registries serve a manifest only to those who name its type.
const acceptAll = [...Object.values(mediaTypes), '*/*'].join(', ')

/** The digest algorithms a registry must know. */
type Algorithm = 'sha256' | 'sha512'

/** An OCI content descriptor. */
export type Descriptor = {
  mediaType: string
  digest: string
  size: number
  artifactType?: string
  annotations?: Record<string, string>
}

/** A manifest's exact bytes with what a client must say about them. */
export type Manifest = { mediaType: string; bytes: Uint8Array; digest: string; size: number }

/** What a request may add. */
type RequestOptions = {
  headers?: Record<string, string>
  body?: Uint8Array | string | ReadableStream<Uint8Array>
}

/** What an artifact may carry. */
type ArtifactFields = {
  artifactType?: string
  subject?: Descriptor
  annotations?: Record<string, string>
}

/** Random bytes, so that no two tests share a blob by accident. */
export function randomBytes(count: number): Uint8Array {
  return new Uint8Array(secureBytes(count))
}

/** A short random lower-case word for names and tags. */
export function randomWord(): string {
  return secureBytes(6).toString('hex')
}

/** `<algorithm>:<hex>` of the bytes. */
export function digestOf(bytes: Uint8Array, algorithm: Algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`
}

/** The descriptor of a blob. */
export function describeBlob(
  bytes: Uint8Array,
  mediaType: string,
  algorithm: Algorithm = 'sha256',
): Descriptor {
  return { mediaType, digest: digestOf(bytes, algorithm), size: bytes.length }
}

/** The descriptor of a manifest. */
export function describeManifest({ mediaType, digest, size }: Manifest): Descriptor {
  return { mediaType, digest, size }
}

/** Any manifest from its document; its own `mediaType` decides the type it is pushed with. */
export function makeManifest(
  document: { mediaType: string; [field: string]: unknown },
  algorithm: Algorithm = 'sha256',
): Manifest {
  // Indented on purpose: a registry that renders JSON again changes the digest.
  const bytes = new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, ...document }, null, 3))
  const digest = digestOf(bytes, algorithm)
  return { mediaType: document.mediaType, bytes, digest, size: bytes.length }
}

/** An image manifest over blobs that were pushed before. */
export function makeImage(
  config: Descriptor,
  layers: Descriptor[],
  extra: Record<string, unknown> = {},
): Manifest {
  return makeManifest({ mediaType: mediaTypes.image, config, layers, ...extra })
}

/** An image index over manifests that were pushed before. */
export function makeIndex(manifests: Descriptor[], extra: Record<string, unknown> = {}): Manifest {
  return makeManifest({ mediaType: mediaTypes.index, manifests, ...extra })
}

const emptyJson = new TextEncoder().encode('{}')

/** An artifact manifest: an image manifest over the empty blob, see `pushArtifact`. */
function makeArtifact(fields: ArtifactFields): Manifest {
  const empty = describeBlob(emptyJson, mediaTypes.empty)
  return makeImage(empty, [empty], fields)
}

/** Adds a query parameter to an upload location, leaving the state it carries untouched. */
export function withQuery(location: string, query: string): string {
  return `${location}${location.includes('?') ? '&' : '?'}${query}`
}

/** The body as text. */
export function textOf(answer: Answer): string {
  return new TextDecoder().decode(answer.bytes)
}

/** The body as JSON; the caller names the shape it goes on to assert. */
export function jsonOf<T>(answer: Answer): T {
  return JSON.parse(textOf(answer)) as T
}

/** The absolute `Location` of an answer, which may be relative. */
export function locationOf(answer: Answer): string {
  const location = answer.headers.get('location')
  assert.ok(location, `${answer.status} of ${answer.url} has no Location`)
  return new URL(location, answer.url).href
}

/** A small OCI distribution client that asserts what every push relies on. */
export class OciClient {
  readonly baseUrl: string
  readonly authorization: string | undefined

  constructor(baseUrl: string, authorization?: string) {
    this.baseUrl = baseUrl
    this.authorization = authorization
  }

  /** One request, its answer read to the end. `path` may be a whole URL. */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const url = new URL(path, this.baseUrl).href
    const init: RequestInit & { duplex?: 'half' } = { method, headers: this.headers(options) }
    if (options.body !== undefined) init.body = options.body as NonNullable<RequestInit['body']>
    if (options.body instanceof ReadableStream) init.duplex = 'half'
    const response = await fetch(url, init)
    const bytes = new Uint8Array(await response.arrayBuffer())
    return { status: response.status, headers: response.headers, bytes, url }
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request('GET', path, { headers })
  }

  head(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request('HEAD', path, { headers })
  }

  delete(path: string): Promise<Answer> {
    return this.request('DELETE', path)
  }

  /** Opens an upload session and gives its absolute location. */
  async startUpload(repository: string, query = ''): Promise<string> {
    const answer = await this.request('POST', `/v2/${repository}/blobs/uploads/${query}`)
    assert.equal(answer.status, 202, `POST uploads: ${textOf(answer)}`)
    return locationOf(answer)
  }

  /** One PATCH; with `start` it names its range, without it streams to the end. */
  patch(location: string, bytes: Uint8Array, start?: number): Promise<Answer> {
    const headers: Record<string, string> = { 'content-type': 'application/octet-stream' }
    if (start !== undefined) headers['content-range'] = `${start}-${start + bytes.length - 1}`
    return this.request('PATCH', location, { headers, body: bytes })
  }

  /** The PUT that closes a session, with the last bytes or none. */
  finish(location: string, digest: string, bytes: Uint8Array = new Uint8Array()): Promise<Answer> {
    return this.request('PUT', withQuery(location, `digest=${digest}`), {
      headers: { 'content-type': 'application/octet-stream' },
      body: bytes,
    })
  }

  /** Pushes a blob the usual way (POST, then PUT) and gives its descriptor. */
  async pushBlob(
    repository: string,
    bytes: Uint8Array,
    mediaType: string = mediaTypes.layer,
    algorithm: Algorithm = 'sha256',
  ): Promise<Descriptor> {
    const descriptor = describeBlob(bytes, mediaType, algorithm)
    const location = await this.startUpload(repository)
    const answer = await this.finish(location, descriptor.digest, bytes)
    assert.equal(answer.status, 201, `PUT upload: ${textOf(answer)}`)
    return descriptor
  }

  /** PUTs a manifest by tag or digest without judging the answer. */
  putManifest(repository: string, reference: string, manifest: Manifest): Promise<Answer> {
    return this.request('PUT', `/v2/${repository}/manifests/${reference}`, {
      headers: { 'content-type': manifest.mediaType },
      body: manifest.bytes,
    })
  }

  /** Pushes a manifest by tag, or by its digest when no tag is given. */
  async pushManifest(repository: string, manifest: Manifest, tag?: string): Promise<Answer> {
    const answer = await this.putManifest(repository, tag ?? manifest.digest, manifest)
    assert.equal(answer.status, 201, `PUT manifest: ${textOf(answer)}`)
    return answer
  }

  /** Pushes a whole new image: config, one layer, manifest. */
  async pushImage(
    repository: string,
    tag?: string,
    extra: Record<string, unknown> = {},
  ): Promise<Manifest> {
    const rootfs = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } }
    const config = new TextEncoder().encode(JSON.stringify({ ...rootfs, author: randomWord() }))
    const image = makeImage(
      await this.pushBlob(repository, config, mediaTypes.config),
      [await this.pushBlob(repository, randomBytes(64))],
      extra,
    )
    await this.pushManifest(repository, image, tag)
    return image
  }

  /** Pushes an artifact (with the empty blob it needs). */
  async pushArtifact(repository: string, fields: ArtifactFields, tag?: string): Promise<Manifest> {
    const artifact = makeArtifact(fields)
    await this.pushBlob(repository, emptyJson, mediaTypes.empty)
    await this.pushManifest(repository, artifact, tag)
    return artifact
  }

  private headers(options: RequestOptions): Record<string, string> {
    const headers: Record<string, string> = {
      accept: acceptAll,
      // A compressed answer would hide its Content-Length.
      'accept-encoding': 'identity',
      ...options.headers,
    }
    if (this.authorization !== undefined) headers.authorization ??= this.authorization
    return headers
  }
}
