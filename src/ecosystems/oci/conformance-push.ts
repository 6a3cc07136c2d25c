import assert from 'node:assert/strict'
import { digestOf, locationOf, randomBytes, randomWord, withQuery } from '#test/oci-client.ts'
import { rawRequest } from '#test/raw-http.ts'
import { expectBlob, expectBytes, expectError, expectStatus } from './conformance-expect.ts'
import type { ConformanceTests, World } from './conformance-world.ts'

/** end-4, end-6: monolithic and single-POST uploads, algorithms, sizes. */
export const pushTests: ConformanceTests = {
  'end-4a: POST opens a session with a Location': async ({ client, newRepository }) => {
    const path = `/v2/${newRepository()}/blobs/uploads/`
    const answer = expectStatus(await client.request('POST', path), 202)
    assert.ok(locationOf(answer))
    const minimum = answer.headers.get('oci-chunk-min-length')
    if (minimum !== null) assert.match(minimum, /^[1-9]\d*$/)
  },

  'end-4a: POST with Content-Length: 0 on the wire': async (world) => {
    const answer = await rawPost(world, { 'Content-Length': '0' })
    expectStatus(answer, 202)
  },

  'end-6: monolithic POST then PUT stores the blob': async (world) => {
    await pushAndPull(world, randomBytes(1000))
  },

  'end-6: PUT accepts a percent-encoded digest': async ({ client, newRepository }) => {
    const [repository, bytes] = [newRepository(), randomBytes(10)]
    const digest = digestOf(bytes)
    const location = await client.startUpload(repository)
    const url = withQuery(location, `digest=${encodeURIComponent(digest)}`)
    expectStatus(await client.request('PUT', url, { body: bytes }), 201)
    await expectBlob(client, repository, { digest, bytes })
  },

  'end-6: the Location of the 201 pulls the same bytes, type and length': async (world) => {
    const { client } = world
    const [repository, bytes] = [world.newRepository(), randomBytes(1234)]
    const digest = digestOf(bytes)
    const location = await client.startUpload(repository)
    const put = expectStatus(await client.finish(location, digest, bytes), 201)
    const byLocation = expectStatus(await client.get(locationOf(put)), 200)
    const byDigest = expectStatus(await client.get(`/v2/${repository}/blobs/${digest}`), 200)
    expectBytes(byLocation.bytes, bytes)
    for (const name of ['content-type', 'content-length', 'docker-content-digest']) {
      assert.ok(byDigest.headers.get(name), name)
      assert.equal(byLocation.headers.get(name), byDigest.headers.get(name), name)
    }
  },

  'end-6: a zero-byte blob': async (world) => {
    await pushAndPull(world, new Uint8Array())
  },

  'end-6: a blob of 5 MiB and one byte': async (world) => {
    await pushAndPull(world, randomBytes(5 * 1024 * 1024 + 1))
  },

  'end-6: a sha512 blob through a session that named no algorithm': async (world) => {
    await pushAndPull(world, randomBytes(2000), 'sha512')
  },

  'end-6: one blob under both algorithms': async ({ client, newRepository }) => {
    const [repository, bytes] = [newRepository(), randomBytes(300)]
    for (const algorithm of ['sha256', 'sha512'] as const) {
      const { digest } = await client.pushBlob(repository, bytes, undefined, algorithm)
      await expectBlob(client, repository, { digest, bytes })
    }
  },

  'end-6: pushing a blob again is a 201 again': async ({ client, newRepository }) => {
    const [repository, bytes] = [newRepository(), randomBytes(50)]
    const { digest } = await client.pushBlob(repository, bytes)
    await client.pushBlob(repository, bytes)
    await expectBlob(client, repository, { digest, bytes })
  },

  'end-6: names of three and four parts, also of words the paths use': async (world) => {
    const { client, fixture } = world
    const word = randomWord()
    const tails = [
      `conf-${word}/app`,
      `conf-${word}/a/b`,
      `manifests/blobs-${word}/tags`,
      `a--b_c__d.e-${word}`,
    ]
    for (const tail of tails) {
      const repository = `${fixture.namespace}/${tail}`
      const bytes = randomBytes(20)
      const { digest } = await client.pushBlob(repository, bytes)
      await expectBlob(client, repository, { digest, bytes })
      const image = await client.pushImage(repository, 'v1')
      const pulled = expectStatus(await client.get(`/v2/${repository}/manifests/v1`), 200)
      expectBytes(pulled.bytes, image.bytes)
      expectStatus(await client.get(`/v2/${repository}/tags/list`), 200)
    }
  },

  'end-6: a wrong digest is 400 DIGEST_INVALID and stores nothing': async (world) => {
    const { client } = world
    const [repository, bytes] = [world.newRepository(), randomBytes(100)]
    const other = digestOf(randomBytes(100))
    const location = await client.startUpload(repository)
    expectError(await client.finish(location, other, bytes), 400, 'DIGEST_INVALID')
    for (const digest of [other, digestOf(bytes)]) {
      expectError(await client.get(`/v2/${repository}/blobs/${digest}`), 404)
    }
  },

  'end-6: a wrong sha512 digest is 400 DIGEST_INVALID': async ({ client, newRepository }) => {
    const location = await client.startUpload(newRepository())
    const wrong = digestOf(randomBytes(9), 'sha512')
    expectError(await client.finish(location, wrong, randomBytes(9)), 400, 'DIGEST_INVALID')
  },

  'end-6: malformed, unknown or missing digests are 400': async ({ client, newRepository }) => {
    const repository = newRepository()
    const hex = 'a'.repeat(64)
    const digests = [
      'sha256:baddigeststring',
      'sha256:',
      `md5:${hex.slice(32)}`,
      hex,
      `sha256:${hex}a`,
    ]
    for (const digest of digests) {
      const location = await client.startUpload(repository)
      expectError(await client.finish(location, digest, randomBytes(5)), 400, 'DIGEST_INVALID')
    }
    const location = await client.startUpload(repository)
    expectError(await client.request('PUT', location, { body: randomBytes(5) }), 400)
  },

  'end-6: a PUT that dies before its declared length stores nothing': async (world) => {
    const { client, fixture } = world
    const [repository, bytes] = [world.newRepository(), randomBytes(1000)]
    const sent = bytes.subarray(0, 400)
    const location = await client.startUpload(repository)
    const url = new URL(withQuery(location, `digest=${digestOf(sent)}`))
    const answer = await rawRequest(fixture.baseUrl, {
      method: 'PUT',
      path: url.pathname + url.search,
      headers: { Authorization: fixture.authorization, 'Content-Length': '1000' },
      body: [sent],
      hangUp: true,
    })
    if (answer !== undefined) expectStatus(answer, [400, 408, 499])
    expectStatus(await client.get(`/v2/${repository}/blobs/${digestOf(sent)}`), 404)
  },

  'end-4b: single POST stores the blob': async ({ client, newRepository }) => {
    const repository = newRepository()
    for (const algorithm of ['sha256', 'sha512'] as const) {
      const bytes = randomBytes(700)
      const digest = digestOf(bytes, algorithm)
      const path = `/v2/${repository}/blobs/uploads/?digest=${digest}`
      const headers = { 'content-type': 'application/octet-stream' }
      const answer = expectStatus(await client.request('POST', path, { headers, body: bytes }), 201)
      expectBytes(expectStatus(await client.get(locationOf(answer)), 200).bytes, bytes)
      await expectBlob(client, repository, { digest, bytes })
    }
  },

  'end-4b: single POST with a wrong or malformed digest is 400': async (world) => {
    const { client } = world
    const path = `/v2/${world.newRepository()}/blobs/uploads/`
    for (const digest of [digestOf(randomBytes(8)), 'sha256:baddigeststring']) {
      const answer = await client.request('POST', `${path}?digest=${digest}`, {
        body: randomBytes(8),
      })
      expectError(answer, 400, 'DIGEST_INVALID')
    }
  },

  'end-4c: POST ?digest-algorithm names the algorithm of the upload': async (world) => {
    const { client } = world
    for (const algorithm of ['sha256', 'sha512'] as const) {
      const [repository, bytes] = [world.newRepository(), randomBytes(600)]
      const digest = digestOf(bytes, algorithm)
      const first = await client.startUpload(repository, `?digest-algorithm=${algorithm}`)
      const patched = expectStatus(await client.patch(first, bytes), 202)
      expectStatus(await client.finish(locationOf(patched), digest), 201)
      await expectBlob(client, repository, { digest, bytes })
    }
  },

  'end-4c: an unknown algorithm is 400': async ({ client, newRepository }) => {
    const path = `/v2/${newRepository()}/blobs/uploads/?digest-algorithm=md5`
    expectError(await client.request('POST', path), 400)
  },
}

async function pushAndPull(
  { client, newRepository }: World,
  bytes: Uint8Array,
  algorithm: 'sha256' | 'sha512' = 'sha256',
): Promise<void> {
  const repository = newRepository()
  const { digest } = await client.pushBlob(repository, bytes, undefined, algorithm)
  await expectBlob(client, repository, { digest, bytes })
}

function rawPost({ fixture, newRepository }: World, headers: Record<string, string>) {
  return rawRequest(fixture.baseUrl, {
    method: 'POST',
    path: `/v2/${newRepository()}/blobs/uploads/`,
    headers: { Authorization: fixture.authorization, ...headers },
  })
}
