import assert from 'node:assert/strict'
import { type describeBlob, jsonOf, type Manifest } from '#test/oci-client.ts'
import { expectBytes, expectStatus } from './conformance-expect.ts'
import type { World } from './conformance-world.ts'

/** A new repository with one image, tagged v1. */
export async function pushed(world: World) {
  const repository = world.newRepository()
  const image = await world.client.pushImage(repository, 'v1')
  return { client: world.client, repository, image }
}

/** GET and HEAD by each reference answer for exactly this manifest. */
export async function expectManifest(
  { client }: World,
  repository: string,
  wanted: Manifest,
  references: string[],
): Promise<void> {
  for (const reference of references) {
    const path = `/v2/${repository}/manifests/${reference}`
    const got = expectStatus(await client.get(path), 200)
    expectBytes(got.bytes, wanted.bytes)
    const head = expectStatus(await client.head(path), 200)
    assert.equal(head.bytes.length, 0)
    for (const answer of [got, head]) {
      assert.equal(typeOf(answer.headers), wanted.mediaType)
      assert.equal(answer.headers.get('content-length'), String(wanted.size))
      assert.equal(answer.headers.get('docker-content-digest'), wanted.digest)
    }
  }
}

/** Config and layers of an image. */
export function documentOf(manifest: Manifest) {
  type Document = { config: ReturnType<typeof describeBlob>; layers: Document['config'][] }
  return jsonOf<Document>({ status: 0, headers: new Headers(), url: '', bytes: manifest.bytes })
}

/** The media type without its parameters. */
export function typeOf(headers: Headers): string | undefined {
  return headers.get('content-type')?.split(';')[0]?.trim()
}
