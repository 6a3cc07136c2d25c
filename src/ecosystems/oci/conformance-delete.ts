import assert from 'node:assert/strict'
import { digestOf, jsonOf, randomBytes } from '#test/oci-client.ts'
import { expectBlob, expectError, expectStatus } from './conformance-expect.ts'
import type { ConformanceTests, World } from './conformance-world.ts'

/** end-9, end-10: what is deleted is gone in the very next answer. */
export const deleteTests: ConformanceTests = {
  'end-9: deleting a tag unlinks it and nothing else': async (world) => {
    const { client, repository, image, path } = await pushed(world)
    expectStatus(await client.delete(`${path}/v1`), 202)
    expectError(await client.get(`${path}/v1`), 404, 'MANIFEST_UNKNOWN')
    expectStatus(await client.head(`${path}/v1`), 404)
    expectStatus(await client.get(`${path}/v2`), 200)
    expectStatus(await client.get(`${path}/${image.digest}`), 200)
    assert.deepEqual(await tags(world, repository), ['v2'])
  },

  'end-9: deleting a digest takes its tags along': async (world) => {
    const { client, repository, image, path } = await pushed(world)
    const other = await client.pushImage(repository, 'other')
    expectStatus(await client.delete(`${path}/${image.digest}`), 202)
    for (const reference of [image.digest, 'v1', 'v2']) {
      expectError(await client.get(`${path}/${reference}`), 404, 'MANIFEST_UNKNOWN')
      expectStatus(await client.head(`${path}/${reference}`), 404)
    }
    expectStatus(await client.get(`${path}/${other.digest}`), 200)
    assert.deepEqual(await tags(world, repository), ['other'])
  },

  'end-9: a deleted manifest can be pushed again': async (world) => {
    const { client, repository, image, path } = await pushed(world)
    expectStatus(await client.delete(`${path}/${image.digest}`), 202)
    await client.pushManifest(repository, image, 'v1')
    expectStatus(await client.get(`${path}/v1`), 200)
  },

  'end-9: a sha512 manifest': async (world) => {
    const { client, repository, path, image } = await pushed(world)
    const digest = digestOf(image.bytes, 'sha512')
    await client.pushManifest(repository, { ...image, digest })
    expectStatus(await client.delete(`${path}/${digest}`), 202)
    expectError(await client.get(`${path}/${digest}`), 404, 'MANIFEST_UNKNOWN')
  },

  'end-9: deleting twice, or what never was, is 404': async (world) => {
    const { client, image, path } = await pushed(world)
    for (const reference of ['v1', image.digest]) {
      expectStatus(await client.delete(`${path}/${reference}`), 202)
      expectError(await client.delete(`${path}/${reference}`), 404, 'MANIFEST_UNKNOWN')
    }
    for (const reference of ['never', digestOf(randomBytes(9))]) {
      expectError(await client.delete(`${path}/${reference}`), 404, 'MANIFEST_UNKNOWN')
    }
    expectError(await client.delete(`${path}/sha256:baddigeststring`), [400, 404])
  },

  'end-10: deleting a blob': async (world) => {
    const { client } = world
    const repository = world.newRepository()
    for (const algorithm of ['sha256', 'sha512'] as const) {
      const bytes = randomBytes(64)
      const { digest } = await client.pushBlob(repository, bytes, undefined, algorithm)
      const path = `/v2/${repository}/blobs/${digest}`
      expectStatus(await client.delete(path), 202)
      expectError(await client.get(path), 404, 'BLOB_UNKNOWN')
      expectStatus(await client.head(path), 404)
      expectError(await client.delete(path), 404, 'BLOB_UNKNOWN')
      await client.pushBlob(repository, bytes, undefined, algorithm)
      await expectBlob(client, repository, { digest, bytes })
    }
  },

  'end-10: deleting a blob in one repository leaves it in another': async (world) => {
    const { client } = world
    const [one, two, bytes] = [world.newRepository(), world.newRepository(), randomBytes(64)]
    const { digest } = await client.pushBlob(one, bytes)
    await client.pushBlob(two, bytes)
    expectStatus(await client.delete(`/v2/${one}/blobs/${digest}`), 202)
    expectError(await client.get(`/v2/${one}/blobs/${digest}`), 404, 'BLOB_UNKNOWN')
    await expectBlob(client, two, { digest, bytes })
  },

  'end-10: a malformed or unknown digest is 400 or 404': async (world) => {
    const { client, repository } = await pushed(world)
    for (const digest of ['sha256:baddigeststring', digestOf(randomBytes(9))]) {
      expectError(await client.delete(`/v2/${repository}/blobs/${digest}`), [400, 404])
    }
  },

  'end-9, end-10: a stranger deletes nothing': async (world) => {
    const { stranger, anonymous, client, image, path } = await pushed(world)
    for (const caller of [stranger, anonymous]) {
      expectError(await caller.delete(`${path}/v1`), [401, 403, 404])
      expectError(await caller.delete(`${path}/${image.digest}`), [401, 403, 404])
    }
    expectStatus(await client.get(`${path}/v1`), 200)
  },
}

async function pushed(world: World) {
  const repository = world.newRepository()
  const image = await world.client.pushImage(repository, 'v1')
  await world.client.pushManifest(repository, image, 'v2')
  return { ...world, repository, image, path: `/v2/${repository}/manifests` }
}

async function tags({ client }: World, repository: string): Promise<string[]> {
  const answer = expectStatus(await client.get(`/v2/${repository}/tags/list`), 200)
  return jsonOf<{ tags: string[] }>(answer).tags
}
