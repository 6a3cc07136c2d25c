import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { after, before, describe, test } from '#runtime/test.ts'
import { type ClientWorld, openClientWorld } from '#test/client-world.ts'
import { missing } from '#test/clients.ts'
import {
  addImage,
  addIndex,
  checkLayout,
  layoutDigest,
  makeLayout,
  type ReadManifest,
  readLayoutManifest,
} from '#test/image-layouts.ts'
import { digestOf, makeImage, mediaTypes, randomBytes } from '#test/oci-client.ts'

const skip = missing('skopeo', 'umoci')
const DOCKER_LAYER = 'application/vnd.docker.image.rootfs.diff.tar.gzip'
const ZSTD_LAYER = 'application/vnd.oci.image.layer.v1.tar+zstd'

describe('oci with skopeo: formats and sizes', () => {
  let world: ClientWorld
  before(async () => {
    world = await openClientWorld()
  })
  after(() => world.close())

  async function inspectRaw(repository: string): Promise<ReadManifest> {
    const raw = await world.anonymous.run('skopeo', 'inspect', '--raw', world.at(repository, ':v1'))
    return JSON.parse(raw) as ReadManifest
  }

  test('docker v2 schema 2 is pushed and pulled as it is', { skip }, async () => {
    const { home, anonymous } = world
    const layout = await makeLayout(home)
    await addImage(home, layout, 'v1')
    const repository = world.newRepository()
    const format = ['--format', 'v2s2']
    await home.run('skopeo', 'copy', ...format, `oci:${layout}:v1`, world.at(repository, ':v1'))
    const { mediaType, layers = [] } = await inspectRaw(repository)
    assert.equal(mediaType, mediaTypes.dockerImage)
    assert.deepEqual(
      layers.map((layer) => layer.mediaType),
      [DOCKER_LAYER, DOCKER_LAYER],
    )
    const [one, two] = [anonymous.path('docker-1'), anonymous.path('docker-2')]
    await anonymous.run('skopeo', 'copy', world.at(repository, ':v1'), `dir:${one}`)
    const manifest = await readFile(join(one, 'manifest.json'))
    const byDigest = world.at(repository, `@${digestOf(manifest)}`)
    await anonymous.run('skopeo', 'copy', byDigest, `dir:${two}`)
    assert.deepEqual(await readFile(join(two, 'manifest.json')), manifest)
  })

  test('a docker manifest list of two platforms, too', { skip }, async () => {
    const { home, anonymous } = world
    const layout = await makeLayout(home)
    await addImage(home, layout, 'amd64', { architecture: 'amd64' })
    await addImage(home, layout, 'arm64', { architecture: 'arm64' })
    await addIndex(layout, 'all', ['amd64', 'arm64'])
    const repository = world.newRepository()
    const flags = ['--all', '--format', 'v2s2']
    await home.run('skopeo', 'copy', ...flags, `oci:${layout}:all`, world.at(repository, ':v1'))
    const { mediaType, manifests = [] } = await inspectRaw(repository)
    assert.equal(mediaType, mediaTypes.dockerList)
    const types = manifests.map((one) => one.mediaType)
    assert.deepEqual(types, [mediaTypes.dockerImage, mediaTypes.dockerImage])
    const [one, back] = [world.at(repository, ':v1'), anonymous.path('docker-list')]
    await anonymous.run('skopeo', 'copy', '--all', one, `dir:${back}`)
    const pulled = JSON.parse(await readFile(join(back, 'manifest.json'), 'utf8'))
    assert.deepEqual(pulled.manifests, manifests)
  })

  test('layers compressed with zstd', { skip }, async () => {
    const { home, anonymous } = world
    const layout = await makeLayout(home)
    await addImage(home, layout, 'v1')
    const repository = world.newRepository()
    const format = ['--dest-compress-format', 'zstd']
    await home.run('skopeo', 'copy', ...format, `oci:${layout}:v1`, world.at(repository, ':v1'))
    const { layers = [] } = await inspectRaw(repository)
    assert.deepEqual(
      layers.map((layer) => layer.mediaType),
      [ZSTD_LAYER, ZSTD_LAYER],
    )
    const back = anonymous.path('zstd')
    await anonymous.run('skopeo', 'copy', world.at(repository, ':v1'), `oci:${back}:v1`)
    const digest = await layoutDigest(back, 'v1')
    const pulled = await readLayoutManifest(back, digest)
    assert.deepEqual(pulled.layers, layers)
    await checkLayout(back, digest)
  })

  // Debian's skopeo reads what sha512 names, but names all that it stores by sha256.
  test('a manifest and a layer named by sha512 are inspected', { skip }, async () => {
    const { anonymous, client } = world
    const repository = world.newRepository()
    const config = JSON.stringify({ architecture: 'arm64', os: 'linux', author: 'ann' })
    const layer = gzipSync(randomBytes(5000))
    const image = makeImage(
      await client.pushBlob(repository, Buffer.from(config), mediaTypes.config),
      [await client.pushBlob(repository, layer, mediaTypes.layer, 'sha512')],
    )
    const digest = digestOf(image.bytes, 'sha512')
    await client.pushManifest(repository, { ...image, digest })
    await client.pushManifest(repository, image, 'v1')
    const byDigest = world.at(repository, `@${digest}`)
    const raw = await anonymous.run('skopeo', 'inspect', '--raw', byDigest)
    assert.equal(digestOf(Buffer.from(raw), 'sha512'), digest)
    const inspected = JSON.parse(
      await anonymous.run('skopeo', 'inspect', world.at(repository, ':v1')),
    )
    assert.equal(inspected.Architecture, 'arm64')
    assert.deepEqual(inspected.Layers, [digestOf(layer, 'sha512')])
  })

  test('a layer of 200 MB', { skip, timeout: 120_000 }, async () => {
    const { home, anonymous } = world
    const layout = await makeLayout(home)
    const digest = await addImage(home, layout, 'v1', { fileSizes: [200_000_000] })
    const repository = world.newRepository()
    await home.run('skopeo', 'copy', `oci:${layout}:v1`, world.at(repository, ':v1'))
    const back = anonymous.path('big')
    await anonymous.run('skopeo', 'copy', world.at(repository, ':v1'), `oci:${back}:v1`)
    assert.equal(await layoutDigest(back, 'v1'), digest)
    assert.equal((await checkLayout(back, digest)).length, 3)
  })
})
