import assert from 'node:assert/strict'
import {
  describeBlob,
  describeManifest,
  digestOf,
  locationOf,
  makeImage,
  makeIndex,
  makeManifest,
  mediaTypes,
  randomBytes,
} from '#test/oci-client.ts'
import { expectBytes, expectError, expectStatus, listHeader } from './conformance-expect.ts'
import { documentOf, expectManifest, pushed, typeOf } from './conformance-images.ts'
import type { ConformanceTests } from './conformance-world.ts'

/** end-3, end-7: manifests byte for byte, their types, sizes, tags and references. */
export const manifestTests: ConformanceTests = {
  'end-7a, end-3: an image by tag and by digest, GET and HEAD, byte for byte': async (world) => {
    const { client, repository, image } = await pushed(world)
    await expectManifest(world, repository, image, ['v1', image.digest])
    await client.pushManifest(repository, image, 'v1')
  },

  'end-7a: the Location of the 201 pulls the same bytes, type and length': async (world) => {
    const { client, repository, image } = await pushed(world)
    for (const reference of ['v2', image.digest]) {
      const put = expectStatus(await client.putManifest(repository, reference, image), 201)
      const digest = put.headers.get('docker-content-digest')
      if (digest !== null) assert.equal(digest, image.digest)
      const got = expectStatus(await client.get(locationOf(put)), 200)
      expectBytes(got.bytes, image.bytes)
      assert.equal(typeOf(got.headers), image.mediaType)
      assert.equal(got.headers.get('content-length'), String(image.size))
    }
  },

  'end-7a: moving a tag keeps the old digest': async (world) => {
    const { client, repository, image } = await pushed(world)
    const second = await client.pushImage(repository, 'v1')
    await expectManifest(world, repository, second, ['v1', second.digest])
    await expectManifest(world, repository, image, [image.digest])
  },

  'end-7a: indexes, nested indexes and Docker types': async (world) => {
    const { client, repository, image } = await pushed(world)
    const inner = makeIndex([
      { ...describeManifest(image), platform: { architecture: 'amd64', os: 'linux' } } as never,
    ])
    await client.pushManifest(repository, inner)
    const outer = makeIndex([describeManifest(inner)])
    const { config, layers } = documentOf(image)
    const docker = makeManifest({ mediaType: mediaTypes.dockerImage, config, layers })
    const list = makeManifest({
      mediaType: mediaTypes.dockerList,
      manifests: [
        { ...describeManifest(docker), platform: { architecture: 'arm64', os: 'linux' } },
      ],
    })
    for (const manifest of [outer, docker, list]) {
      await client.pushManifest(repository, manifest)
      await expectManifest(world, repository, manifest, [manifest.digest])
    }
  },

  'end-7a: sha512 manifests over sha512 blobs': async (world) => {
    const { client } = world
    const repository = world.newRepository()
    const config = await client.pushBlob(repository, randomBytes(40), mediaTypes.config, 'sha512')
    const layer = await client.pushBlob(repository, randomBytes(40), mediaTypes.layer, 'sha512')
    const document = { mediaType: mediaTypes.image, config, layers: [layer] }
    const image = makeManifest(document, 'sha512')
    await client.pushManifest(repository, image)
    await expectManifest(world, repository, image, [image.digest])
  },

  'end-7a: parameters on Content-Type are ignored': async (world) => {
    const { client, repository, image } = await pushed(world)
    const answer = await client.request('PUT', `/v2/${repository}/manifests/v3`, {
      headers: { 'content-type': `${image.mediaType}; charset=utf-8` },
      body: image.bytes,
    })
    expectStatus(answer, 201)
    await expectManifest(world, repository, image, ['v3'])
  },

  'end-3: the Accept header does not change the bytes': async (world) => {
    const { client, repository, image } = await pushed(world)
    const path = `/v2/${repository}/manifests/v1`
    for (const accept of [mediaTypes.image, '*/*', `${mediaTypes.index}, ${mediaTypes.image}`]) {
      expectBytes(expectStatus(await client.get(path, { accept }), 200).bytes, image.bytes)
    }
  },

  'end-7a: a mediaType that disagrees with Content-Type is 400 MANIFEST_INVALID': async (world) => {
    const { client, repository, image } = await pushed(world)
    const answer = await client.putManifest(repository, 'wrong', {
      ...image,
      mediaType: mediaTypes.index,
    })
    expectError(answer, 400, 'MANIFEST_INVALID')
    expectStatus(await client.get(`/v2/${repository}/manifests/wrong`), 404)
  },

  'end-7a: what is no manifest is 400 MANIFEST_INVALID': async (world) => {
    const { client, repository } = await pushed(world)
    const deep = `{"schemaVersion":2,"config":${'['.repeat(50_000)}${']'.repeat(50_000)}}`
    const bad = ['', '{', '[]', 'null', '"x"', '{}', '{"schemaVersion":2,"config":7}', deep]
    for (const text of bad) {
      const bytes = new TextEncoder().encode(text)
      const manifest = { ...describeBlob(bytes, mediaTypes.image), bytes }
      expectError(await client.putManifest(repository, 'bad', manifest), 400, 'MANIFEST_INVALID')
    }
    expectError(await client.get(`/v2/${repository}/manifests/bad`), 404)
  },

  'end-7a: bad descriptors are 400': async (world) => {
    const { client, repository, image } = await pushed(world)
    const { config, layers } = documentOf(image)
    const wrong = [{ digest: 'sha256:bad' }, { size: -1 }, { size: '5' }, { digest: 7 }]
    for (const fields of wrong) {
      const manifest = makeImage({ ...config, ...fields } as never, layers)
      expectError(await client.putManifest(repository, 'bad', manifest), 400)
    }
  },

  'end-7a: a missing layer or config is MANIFEST_BLOB_UNKNOWN': async (world) => {
    const { client, repository, image } = await pushed(world)
    const { config, layers } = documentOf(image)
    const absent = describeBlob(randomBytes(9), mediaTypes.layer)
    for (const manifest of [makeImage(config, [...layers, absent]), makeImage(absent, layers)]) {
      const answer = await client.putManifest(repository, 'missing', manifest)
      expectError(answer, [400, 404], 'MANIFEST_BLOB_UNKNOWN')
    }
    expectStatus(await client.get(`/v2/${repository}/manifests/missing`), 404)
  },

  'end-7a: a blob of another repository does not count as present': async (world) => {
    const { client, image } = await pushed(world)
    const other = world.newRepository()
    await client.pushBlob(other, randomBytes(5))
    const answer = await client.putManifest(other, 'v1', image)
    expectError(answer, [400, 404], 'MANIFEST_BLOB_UNKNOWN')
  },

  'end-7a: an index over a missing manifest is stored or MANIFEST_BLOB_UNKNOWN': async (world) => {
    const { client, repository } = await pushed(world)
    const index = makeIndex([describeBlob(randomBytes(9), mediaTypes.image)])
    const answer = await client.putManifest(repository, 'sparse', index)
    if (answer.status !== 201) expectError(answer, [400, 404], 'MANIFEST_BLOB_UNKNOWN')
  },

  'end-7a: a digest that is not the body’s, or no digest, is 400': async (world) => {
    const { client, repository, image } = await pushed(world)
    for (const digest of [digestOf(randomBytes(9)), 'sha256:baddigeststring']) {
      const answer = await client.putManifest(repository, digest, image)
      expectError(answer, 400, 'DIGEST_INVALID')
    }
  },

  'end-7b: one push by digest sets many tags, each confirmed by OCI-Tag': async (world) => {
    const { client, repository, image } = await pushed(world)
    const tags = Array.from({ length: 10 }, (_, index) => `multi-${index}`)
    const query = tags.map((tag) => `tag=${tag}`).join('&')
    const answer = await client.putManifest(repository, `${image.digest}?${query}`, image)
    expectStatus(answer, 201)
    assert.deepEqual(listHeader(answer, 'oci-tag').sort(), tags)
    await expectManifest(world, repository, image, tags)
  },

  'end-7b: one bad tag refuses the push and sets none': async (world) => {
    const { client, repository, image } = await pushed(world)
    const query = 'tag=fine&tag=-bad'
    expectError(await client.putManifest(repository, `${image.digest}?${query}`, image), 400)
    expectStatus(await client.get(`/v2/${repository}/manifests/fine`), 404)
  },

  'end-7b: too many tags are 414': async (world) => {
    const { client, repository, image } = await pushed(world)
    const query = Array.from({ length: 1000 }, (_, index) => `tag=t${index}`).join('&')
    expectError(await client.putManifest(repository, `${image.digest}?${query}`, image), 414)
    expectStatus(await client.get(`/v2/${repository}/manifests/t0`), 404)
  },

  'end-3: unknown tags and digests are 404 MANIFEST_UNKNOWN': async (world) => {
    const { client, repository } = await pushed(world)
    const sha512 = digestOf(randomBytes(9), 'sha512')
    for (const reference of ['nothing', digestOf(randomBytes(9)), sha512]) {
      const path = `/v2/${repository}/manifests/${reference}`
      expectError(await client.get(path), 404, 'MANIFEST_UNKNOWN')
      assert.equal(expectStatus(await client.head(path), 404).bytes.length, 0)
    }
  },

  'end-3: a manifest is not readable through another repository': async (world) => {
    const { client, image } = await pushed(world)
    const { repository } = await pushed(world)
    const path = `/v2/${repository}/manifests/${image.digest}`
    expectError(await client.get(path), 404, 'MANIFEST_UNKNOWN')
  },

  'end-3: If-None-Match is 304 by tag and by digest': async (world) => {
    const { client, repository, image } = await pushed(world)
    for (const reference of ['v1', image.digest]) {
      const path = `/v2/${repository}/manifests/${reference}`
      const etag = expectStatus(await client.get(path), 200).headers.get('etag')
      assert.ok(etag, 'no ETag')
      const headers = { 'if-none-match': etag }
      for (const method of ['GET', 'HEAD']) {
        expectStatus(await client.request(method, path, { headers }), 304)
      }
      await client.pushImage(repository, 'v1')
      const moved = await client.get(`/v2/${repository}/manifests/v1`, headers)
      expectStatus(moved, 200)
    }
  },
}
