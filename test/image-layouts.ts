import assert from 'node:assert/strict'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClientHome } from './clients.ts'
import { type Descriptor, digestOf, mediaTypes, randomBytes, randomWord } from './oci-client.ts'

/** A manifest or index as far as tests look into it. */
export interface ReadManifest {
  mediaType?: string
  config?: Descriptor
  layers?: Descriptor[]
  manifests?: Array<Descriptor & { platform?: { architecture: string; os: string } }>
}

const REF_NAME = 'org.opencontainers.image.ref.name'

/** An empty OCI layout made by umoci; gives its path. */
export async function makeLayout(home: ClientHome): Promise<string> {
  const layout = home.path(`layout-${randomWord()}`)
  await home.run('umoci', 'init', '--layout', layout)
  return layout
}

/** An image made from nothing by umoci: a platform, and a layer for each file of random bytes. */
export async function addImage(
  home: ClientHome,
  layout: string,
  tag: string,
  { architecture = 'amd64', fileSizes = [1000, 100_000] } = {},
): Promise<string> {
  const image = `${layout}:${tag}`
  await home.run('umoci', 'new', '--image', image)
  for (const [at, size] of fileSizes.entries()) {
    const file = home.path(`file-${randomWord()}`)
    await writeFile(file, randomBytes(size))
    await home.run('umoci', 'insert', '--rootless', '--image', image, file, `/file-${at}`)
  }
  const platform = ['--os', 'linux', '--architecture', architecture]
  await home.run('umoci', 'config', '--image', image, ...platform, '--config.cmd', '/file-0')
  return layoutDigest(layout, tag)
}

/** Adds an index over images of the layout, as a build farm puts several platforms together. */
export async function addIndex(layout: string, tag: string, tags: string[]): Promise<string> {
  const manifests = []
  for (const one of tags) {
    const digest = await layoutDigest(layout, one)
    const { config } = await readLayoutManifest(layout, digest)
    const { architecture, os } = JSON.parse(
      (await readLayoutBlob(layout, config?.digest ?? '')).toString(),
    ) as { architecture: string; os: string }
    const { size } = await stat(blobPath(layout, digest))
    manifests.push({ mediaType: mediaTypes.image, digest, size, platform: { architecture, os } })
  }
  const bytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }, null, 1),
  )
  const digest = digestOf(bytes)
  await writeFile(blobPath(layout, digest), bytes)
  const root = await readRoot(layout)
  const annotations = { [REF_NAME]: tag }
  root.manifests.push({ mediaType: mediaTypes.index, digest, size: bytes.length, annotations })
  await writeFile(join(layout, 'index.json'), JSON.stringify(root))
  return digest
}

/** The digest of what a tag of the layout names. */
export async function layoutDigest(layout: string, tag: string): Promise<string> {
  const { manifests } = await readRoot(layout)
  const found = manifests.find((one) => one.annotations?.[REF_NAME] === tag)
  assert.ok(found, `${layout} has no ${tag}`)
  return found.digest
}

/** Parses a manifest of the layout. */
export async function readLayoutManifest(layout: string, digest: string): Promise<ReadManifest> {
  return JSON.parse((await readLayoutBlob(layout, digest)).toString()) as ReadManifest
}

/** A blob of the layout, its bytes checked against its digest. */
export async function readLayoutBlob(layout: string, digest: string): Promise<Buffer> {
  const bytes = await readFile(blobPath(layout, digest))
  assert.equal(digestOf(bytes, digest.startsWith('sha512:') ? 'sha512' : 'sha256'), digest)
  return bytes
}

/** Every digest of an image or index in a layout, sorted; each is there and its bytes are right. */
export async function checkLayout(layout: string, digest: string): Promise<string[]> {
  const { config, layers = [], manifests = [] } = await readLayoutManifest(layout, digest)
  const found = new Set([digest])
  for (const blob of [...(config ? [config] : []), ...layers]) {
    assert.equal((await readLayoutBlob(layout, blob.digest)).length, blob.size)
    found.add(blob.digest)
  }
  for (const one of manifests) {
    for (const inner of await checkLayout(layout, one.digest)) found.add(inner)
  }
  return [...found].sort()
}

async function readRoot(layout: string): Promise<{ manifests: Descriptor[] }> {
  return JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as {
    manifests: Descriptor[]
  }
}

function blobPath(layout: string, digest: string): string {
  return join(layout, 'blobs', ...digest.split(':'))
}
