import { type Manifest, makeImage, mediaTypes, randomWord } from '#test/oci-client.ts'
import { chunkOf, rawRequest } from '#test/raw-http.ts'
import { expectError, expectStatus } from './conformance-expect.ts'
import { documentOf, expectManifest, pushed } from './conformance-images.ts'
import type { ConformanceTests, World } from './conformance-world.ts'

const mebibyte = 1024 * 1024

/** end-7a: how large a manifest may be, and lengths that are missing or lie. */
export const sizeTests: ConformanceTests = {
  'end-7a: a manifest of 3.9 MB and one of 4 MiB are stored': async (world) => {
    for (const size of [3_900_000, 4 * mebibyte]) {
      const { client, repository, image } = await pushed(world)
      const big = padded(image, size)
      await client.pushManifest(repository, big, 'big')
      await expectManifest(world, repository, big, ['big', big.digest])
    }
  },

  'end-7a: a declared length over the limit is 413 before the body': async (world) => {
    const { fixture, path } = await rawTarget(world)
    const headers = { ...rawHeaders(world), 'Content-Length': String(1024 * mebibyte) }
    const answer = await rawRequest(fixture.baseUrl, { method: 'PUT', path, headers, body: ['{'] })
    expectError(answer, 413, 'SIZE_INVALID', 'MANIFEST_INVALID')
  },

  'end-7a: a body over the limit without a length is 413': async (world) => {
    const { fixture, path } = await rawTarget(world)
    const headers = { ...rawHeaders(world), 'Transfer-Encoding': 'chunked' }
    const body = endlessChunks(64)
    const answer = await rawRequest(fixture.baseUrl, { method: 'PUT', path, headers, body })
    expectError(answer, 413, 'SIZE_INVALID', 'MANIFEST_INVALID')
  },

  'end-7a: a PUT without any length is 400 or 411': async (world) => {
    const { fixture, path } = await rawTarget(world)
    const headers = rawHeaders(world)
    const answer = await rawRequest(fixture.baseUrl, { method: 'PUT', path, headers })
    expectStatus(answer, [400, 411])
  },
}

function padded(image: Manifest, size: number): Manifest {
  const { config, layers } = documentOf(image)
  const pad = (count: number) =>
    makeImage(config, layers, { annotations: { pad: 'x'.repeat(count) } })
  return pad(size - pad(0).size)
}

async function rawTarget(world: World) {
  const { repository } = await pushed(world)
  return { fixture: world.fixture, path: `/v2/${repository}/manifests/raw-${randomWord()}` }
}

function rawHeaders({ fixture }: World): Record<string, string> {
  return { Authorization: fixture.authorization, 'Content-Type': mediaTypes.image }
}

function* endlessChunks(count: number): Generator<Uint8Array> {
  const piece = chunkOf(new Uint8Array(mebibyte).fill(32))
  for (let sent = 0; sent < count; sent += 1) yield piece
  yield Buffer.from('0\r\n\r\n')
}
