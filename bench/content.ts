import { createHash, randomBytes } from 'node:crypto'

/** The repository every server is measured with. */
export const repository = 'bench/image'

/** The media type of every manifest the bench pushes. */
export const manifestType = 'application/vnd.oci.image.manifest.v1+json'

/** What containerd and Docker ask for when they resolve a tag. */
export const manifestAccept = [
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  manifestType,
  'application/vnd.oci.image.index.v1+json',
  '*/*',
].join(', ')

/** Bytes to be served, and where. */
export interface Content {
  readonly path: string
  readonly bytes: Buffer
}

/** An image as a registry keeps it. */
export interface Image {
  readonly manifest: Content
  /** The config and five layers. */
  readonly blobs: readonly Content[]
  /** The layer of 1 MB. */
  readonly layer: Content
}

export type Headers = Readonly<Record<string, string>>

/** The digest by which a registry names bytes. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

/** Builds an image of five layers, one of them 1 MB, with a manifest of about 1 KB. */
export function createImage(): Image {
  const config = blob(Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux' })))
  const layer = blob(randomBytes(1024 * 1024))
  const layers = [layer, ...Array.from({ length: 4 }, () => blob(randomBytes(10 * 1024)))]
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: descriptor(config, 'application/vnd.oci.image.config.v1+json'),
      layers: layers.map((each) => descriptor(each, 'application/vnd.oci.image.layer.v1.tar+gzip')),
    }),
  )
  return {
    manifest: { path: `/v2/${repository}/manifests/latest`, bytes: manifest },
    blobs: [config, ...layers],
    layer,
  }
}

/** Pushes the image as a client does: every blob, then the manifest by its tag. */
export async function pushImage(baseUrl: string, image: Image, headers: Headers): Promise<void> {
  for (const { bytes } of image.blobs) await pushBlob(baseUrl, bytes, headers)
  await send(baseUrl + image.manifest.path, {
    method: 'PUT',
    headers: { ...headers, 'content-type': manifestType },
    body: new Uint8Array(image.manifest.bytes),
  })
}

/** Fails unless a GET answers exactly these bytes: what is fast must also be right. */
export async function checkServed(baseUrl: string, content: Content, headers: Headers) {
  const response = await send(baseUrl + content.path, { headers })
  const received = Buffer.from(await response.arrayBuffer())
  if (!received.equals(content.bytes)) {
    throw new Error(`GET ${baseUrl}${content.path}: ${received.length} bytes differ from the push`)
  }
}

/** Pushes one blob to the repository. */
export async function pushBlob(baseUrl: string, bytes: Buffer, headers: Headers): Promise<void> {
  const start = `${baseUrl}/v2/${repository}/blobs/uploads/`
  const opened = await send(start, { method: 'POST', headers })
  const target = new URL(opened.headers.get('location') ?? '', start)
  target.searchParams.set('digest', digestOf(bytes))
  await send(target.href, {
    method: 'PUT',
    headers: { ...headers, 'content-type': 'application/octet-stream' },
    body: new Uint8Array(bytes),
  })
}

async function send(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init)
  if (response.ok) return response
  const body = await response.text()
  throw new Error(`${init.method ?? 'GET'} ${url}: ${response.status} ${body.slice(0, 500)}`)
}

function blob(bytes: Buffer): Content {
  return { path: `/v2/${repository}/blobs/${digestOf(bytes)}`, bytes }
}

function descriptor({ bytes }: Content, mediaType: string) {
  return { mediaType, digest: digestOf(bytes), size: bytes.length }
}
