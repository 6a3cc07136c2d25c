import assert from 'node:assert/strict'
import { digestOf, randomBytes } from '#test/oci-client.ts'
import { expectBlob, expectBytes, expectError, expectStatus } from './conformance-expect.ts'
import type { ConformanceTests, World } from './conformance-world.ts'

const blobBytes = 4000

/** end-2: GET and HEAD of blobs, ranges, conditions. */
export const pullTests: ConformanceTests = {
  'end-2: GET and HEAD carry length, digest and type': async (world) => {
    const { client, path, repository, digest, bytes } = await pushed(world)
    await expectBlob(client, repository, { digest, bytes })
    const [got, head] = [await client.get(path), await client.head(path)]
    assert.ok(got.headers.get('content-type'))
    assert.equal(head.headers.get('content-type'), got.headers.get('content-type'))
    assert.equal(head.bytes.length, 0)
    assert.match(got.headers.get('accept-ranges') ?? '', /^bytes$/)
  },

  'end-2: an unknown blob is 404 BLOB_UNKNOWN for GET and 404 for HEAD': async (world) => {
    const { client, repository } = await pushed(world)
    for (const algorithm of ['sha256', 'sha512'] as const) {
      const path = `/v2/${repository}/blobs/${digestOf(randomBytes(9), algorithm)}`
      expectError(await client.get(path), 404, 'BLOB_UNKNOWN')
      expectStatus(await client.head(path), 404)
    }
  },

  'end-2: a blob is not readable through a repository that does not have it': async (world) => {
    const { client, digest } = await pushed(world)
    const other = world.newRepository()
    await client.pushBlob(other, randomBytes(5))
    expectError(await client.get(`/v2/${other}/blobs/${digest}`), 404, 'BLOB_UNKNOWN')
  },

  'end-2: an unknown repository is 404': async ({ client, newRepository }) => {
    const path = `/v2/${newRepository()}/blobs/${digestOf(randomBytes(9))}`
    expectError(await client.get(path), 404, 'BLOB_UNKNOWN', 'NAME_UNKNOWN')
  },

  'end-2: ranges are 206 with the exact bytes': async (world) => {
    const { client, path, bytes, digest } = await pushed(world)
    const ranges: [range: string, first: number, last: number][] = [
      ['500-1499', 500, 1499],
      ['500-', 500, blobBytes - 1],
      ['-500', blobBytes - 500, blobBytes - 1],
      ['0-0', 0, 0],
      ['0-', 0, blobBytes - 1],
      [`${blobBytes - 1}-`, blobBytes - 1, blobBytes - 1],
      // Clamped to what there is.
      ['2000-5000', 2000, blobBytes - 1],
      ['-5000', 0, blobBytes - 1],
    ]
    for (const [range, first, last] of ranges) {
      const answer = expectStatus(await client.get(path, { range: `bytes=${range}` }), 206)
      expectBytes(answer.bytes, bytes.subarray(first, last + 1))
      assert.equal(answer.headers.get('content-range'), `bytes ${first}-${last}/${blobBytes}`)
      assert.equal(answer.headers.get('content-length'), String(last - first + 1))
      assert.equal(answer.headers.get('docker-content-digest'), digest)
    }
  },

  'end-2: ranges that cannot be satisfied are 416': async (world) => {
    const { client, path } = await pushed(world)
    for (const range of [`${blobBytes}-`, `${blobBytes}-${blobBytes + 9}`, '500-0', '-0']) {
      const answer = expectError(await client.get(path, { range: `bytes=${range}` }), 416)
      assert.equal(answer.headers.get('content-range'), `bytes */${blobBytes}`, range)
    }
  },

  'end-2: several ranges are answered whole or as multipart': async (world) => {
    const { client, path, bytes } = await pushed(world)
    const answer = await client.get(path, { range: 'bytes=0-9,100-109' })
    if (expectStatus(answer, [200, 206]).status === 200) return expectBytes(answer.bytes, bytes)
    assert.match(answer.headers.get('content-type') ?? '', /^multipart\/byteranges/)
  },

  'end-2: a range in another unit or without sense is ignored or 416': async (world) => {
    const { client, path, bytes } = await pushed(world)
    for (const range of ['lines=0-9', 'bytes=abc', 'bytes=', 'bytes 0-9']) {
      const answer = expectStatus(await client.get(path, { range }), [200, 400, 416])
      if (answer.status === 200) expectBytes(answer.bytes, bytes)
      else expectError(answer, [400, 416])
    }
  },

  'end-2: a range of a zero-byte blob is 416 or the empty whole': async (world) => {
    const { client } = world
    const repository = world.newRepository()
    const { digest } = await client.pushBlob(repository, new Uint8Array())
    const answer = await client.get(`/v2/${repository}/blobs/${digest}`, { range: 'bytes=0-9' })
    assert.equal(expectStatus(answer, [200, 416]).headers.get('content-type') === null, false)
    if (answer.status === 200) assert.equal(answer.bytes.length, 0)
  },

  'end-2: If-None-Match is 304': async (world) => {
    const { client, path } = await pushed(world)
    const etag = (await client.get(path)).headers.get('etag')
    assert.ok(etag, 'no ETag')
    for (const value of [etag, `"other", ${etag}`, `W/${etag.replace(/^W\//, '')}`, '*']) {
      for (const method of ['GET', 'HEAD']) {
        const headers = { 'if-none-match': value }
        const answer = expectStatus(await client.request(method, path, { headers }), 304)
        assert.equal(answer.bytes.length, 0)
        assert.equal(answer.headers.get('etag'), etag)
      }
    }
    expectStatus(await client.get(path, { 'if-none-match': '"other"' }), 200)
  },

  'end-2: If-Range with another ETag gives the whole blob': async (world) => {
    const { client, path, bytes } = await pushed(world)
    const etag = (await client.head(path)).headers.get('etag') ?? ''
    const range = 'bytes=0-9'
    expectStatus(await client.get(path, { range, 'if-range': etag }), 206)
    const whole = expectStatus(await client.get(path, { range, 'if-range': '"other"' }), 200)
    expectBytes(whole.bytes, bytes)
  },
}

async function pushed(world: World) {
  const { client } = world
  const [repository, bytes] = [world.newRepository(), randomBytes(blobBytes)]
  const { digest } = await client.pushBlob(repository, bytes)
  return { client, repository, bytes, digest, path: `/v2/${repository}/blobs/${digest}` }
}
