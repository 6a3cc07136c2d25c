import assert from 'node:assert/strict'
import { digestOf, locationOf, randomBytes, randomWord, withQuery } from '#test/oci-client.ts'
import { chunkOf, type RawRequest, rawRequest } from '#test/raw-http.ts'
import {
  expectBlob,
  expectError,
  expectRange,
  expectReceived,
  expectStatus,
} from './conformance-expect.ts'
import type { ConformanceTests, World } from './conformance-world.ts'

// Our registry names no OCI-Chunk-Min-Length, so that small chunks keep the tests fast.
const chunk = 1000

/** end-5, end-6, end-13, end-14: chunks, streams, resuming, cancelling. */
export const chunkTests: ConformanceTests = {
  'end-5: chunks in order, closed by an empty PUT': async (world) => {
    const { client, repository, bytes, digest, first } = await open(world)
    const one = expectStatus(await client.patch(first, bytes.subarray(0, chunk), 0), 202)
    expectRange(one, chunk)
    const rest = bytes.subarray(chunk)
    const two = expectStatus(await client.patch(locationOf(one), rest, chunk), 202)
    expectRange(two, bytes.length)
    expectStatus(await client.finish(locationOf(two), digest), 201)
    await expectBlob(client, repository, { digest, bytes })
  },

  'end-6: the closing PUT carries the last chunk': async (world) => {
    const { client, repository, bytes, digest, first } = await open(world)
    const one = expectStatus(await client.patch(first, bytes.subarray(0, chunk), 0), 202)
    const url = withQuery(locationOf(one), `digest=${digest}`)
    const headers = { 'content-range': `${chunk}-${bytes.length - 1}` }
    expectStatus(await client.request('PUT', url, { headers, body: bytes.subarray(chunk) }), 201)
    await expectBlob(client, repository, { digest, bytes })
  },

  'end-6: a sha512 blob in chunks': async (world) => {
    const { client, repository, bytes, first } = await open(world)
    const digest = digestOf(bytes, 'sha512')
    const one = expectStatus(await client.patch(first, bytes.subarray(0, chunk), 0), 202)
    const two = await client.patch(locationOf(one), bytes.subarray(chunk), chunk)
    expectStatus(await client.finish(locationOf(expectStatus(two, 202)), digest), 201)
    await expectBlob(client, repository, { digest, bytes })
  },

  'end-5: a first chunk that does not start at 0 is 416, the session stays usable': async (
    world,
  ) => {
    const { client, bytes, first } = await open(world)
    expectError(await client.patch(first, bytes.subarray(chunk), chunk), 416)
    await completeFrom(world, await expectReceived(client, first, 0), bytes)
  },

  'end-5: gaps, repeats and overlaps are 416, the session stays usable': async (world) => {
    const { client, bytes, first } = await open(world)
    const one = expectStatus(await client.patch(first, bytes.subarray(0, chunk), 0), 202)
    let location = locationOf(one)
    for (const start of [chunk + 1, 0, chunk - 1, 2 * chunk]) {
      expectError(await client.patch(location, bytes.subarray(0, chunk), start), 416)
      location = await expectReceived(client, location, chunk)
    }
    await completeFrom(world, location, bytes, chunk)
  },

  'end-6: an out-of-order last chunk in the PUT is 416, the session stays usable': async (
    world,
  ) => {
    const { client, bytes, digest, first } = await open(world)
    const one = expectStatus(await client.patch(first, bytes.subarray(0, chunk), 0), 202)
    const location = locationOf(one)
    const answer = await client.request('PUT', withQuery(location, `digest=${digest}`), {
      headers: { 'content-range': `${chunk + 5}-${bytes.length + 4}` },
      body: bytes.subarray(chunk),
    })
    expectError(answer, 416)
    await completeFrom(world, await expectReceived(client, location, chunk), bytes, chunk)
  },

  'end-5: malformed Content-Range is 400 or 416, the session stays usable': async (world) => {
    const { client, bytes, first } = await open(world)
    let location = first
    const ranges = ['abc', '5-2', '0-', '-5', '0-99999999999999999999999', '0x0-0x9', '1.5-9']
    for (const range of ranges) {
      const headers = { 'content-range': range }
      const answer = await client.request('PATCH', location, { headers, body: bytes })
      expectError(answer, [400, 416])
      location = await expectReceived(client, location, 0)
    }
    await completeFrom(world, location, bytes)
  },

  'end-5: a Content-Range that disagrees with the body is 400 or 416': async (world) => {
    const { client, bytes, first } = await open(world)
    const headers = { 'content-range': '0-9' }
    const body = bytes.subarray(0, 5)
    const answer = await client.request('PATCH', first, { headers, body })
    expectError(answer, [400, 416])
    await completeFrom(world, await expectReceived(client, first, 0), bytes)
  },

  'end-5: streamed PATCH without length and Content-Range': async (world) => {
    const { client, repository, bytes, digest, first } = await open(world)
    const headers = { 'content-type': 'application/octet-stream' }
    const body = streamOf(bytes)
    const patched = expectStatus(await client.request('PATCH', first, { headers, body }), 202)
    expectRange(patched, bytes.length)
    expectStatus(await client.finish(locationOf(patched), digest), 201)
    await expectBlob(client, repository, { digest, bytes })
  },

  'end-5: a second PATCH without Content-Range appends': async (world) => {
    const { client, repository, bytes, digest, first } = await open(world)
    const one = expectStatus(await client.patch(first, bytes.subarray(0, 10)), 202)
    const two = expectStatus(await client.patch(locationOf(one), bytes.subarray(10)), 202)
    expectRange(two, bytes.length)
    expectStatus(await client.finish(locationOf(two), digest), 201)
    await expectBlob(client, repository, { digest, bytes })
  },

  'end-5: chunked encoding in odd pieces': async (world) => {
    const { client, bytes, first } = await open(world)
    const sizes = [1, 2, 500, 997]
    const pieces = sizes.map((size, index) => bytes.subarray(index * 500, index * 500 + size))
    const sent = Buffer.concat(pieces)
    const body = [...pieces.map(chunkOf), '0\r\n\r\n']
    const headers = { 'Transfer-Encoding': 'chunked' }
    const patched = expectStatus(await raw(world, first, { method: 'PATCH', headers, body }), 202)
    const location = await expectReceived(client, locationOf(patched), sent.length)
    await completeFrom(world, location, sent, sent.length)
  },

  'end-5: chunked encoding with trailers is stored or refused, never mixed up': async (world) => {
    const { client, bytes, first } = await open(world)
    const trailers = '0\r\nX-Checksum: abc\r\nContent-Length: 3\r\n\r\n'
    const answer = await raw(world, first, {
      method: 'PATCH',
      headers: { 'Transfer-Encoding': 'chunked', Trailer: 'X-Checksum' },
      body: [chunkOf(bytes), trailers],
    })
    const stored = expectStatus(answer, [202, 400]).status === 202
    // The runtime may refuse before the handler has recorded what came.
    await new Promise((resolve) => setTimeout(resolve, 200))
    const status = await client.get(stored && answer ? locationOf(answer) : first)
    const received = receivedBytes(expectStatus(status, 204).headers.get('range'))
    if (stored) assert.equal(received, bytes.length)
    assert.ok(received === 0 || received === bytes.length, `${received} bytes`)
    await completeFrom(world, locationOf(status), bytes, received)
  },

  'end-5: chunked encoding beside a Content-Length is refused, or wins': async (world) => {
    const { client, bytes, first } = await open(world)
    const hidden = 'GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n'
    const answer = await raw(world, first, {
      method: 'PATCH',
      headers: { 'Content-Length': String(5 + hidden.length), 'Transfer-Encoding': 'chunked' },
      body: ['0\r\n\r\n', hidden],
    })
    const taken = answer !== undefined && expectStatus(answer, [202, 400]).status === 202
    const location = await expectReceived(client, taken ? locationOf(answer) : first, 0)
    await completeFrom(world, location, bytes)
  },

  'end-5: a malformed chunk size or length is refused': async (world) => {
    const { client, bytes, first } = await open(world)
    const bad: RawRequest['headers'][] = [
      { 'Transfer-Encoding': 'chunked' },
      { 'Content-Length': '-5' },
      { 'Content-Length': '5, 7' },
    ]
    for (const headers of bad) {
      const body = ['zz\r\nabc\r\n0\r\n\r\n']
      const answer = await raw(world, first, { method: 'PATCH', ...(headers && { headers }), body })
      if (answer !== undefined) expectStatus(answer, 400)
    }
    await completeFrom(world, await expectReceived(client, first, 0), bytes)
  },

  'end-5: a PATCH without any length is an empty body or 411': async (world) => {
    const { client, bytes, first } = await open(world)
    const answer = await raw(world, first, { method: 'PATCH' })
    const taken = expectStatus(answer, [202, 400, 411])
    const next = taken.status === 202 ? locationOf(taken) : first
    await completeFrom(world, await expectReceived(client, next, 0), bytes)
  },

  'end-5: a PATCH that dies in the middle can be resumed where it stopped': async (world) => {
    const { bytes, first } = await open(world)
    await raw(world, first, {
      method: 'PATCH',
      headers: { 'Content-Length': String(bytes.length) },
      body: [bytes.subarray(0, 300)],
      hangUp: true,
    })
    const { location, received } = await afterHangUp(world, first)
    assert.ok(received <= 300, `${received} bytes received of 300 sent`)
    await completeFrom(world, location, bytes, received)
  },

  'end-13: GET tells where to resume': async (world) => {
    const { client, bytes, first } = await open(world)
    const fresh = await expectReceived(client, first, 0)
    const one = expectStatus(await client.patch(fresh, bytes.subarray(0, chunk), 0), 202)
    const location = await expectReceived(client, locationOf(one), chunk)
    await completeFrom(world, location, bytes, chunk)
  },

  'end-13, end-5, end-6, end-14: an unknown session is 404 BLOB_UPLOAD_UNKNOWN': async (world) => {
    const { client } = world
    const repository = world.newRepository()
    await client.pushBlob(repository, randomBytes(5))
    const unknown = `/v2/${repository}/blobs/uploads/00000000-0000-4000-8000-${randomWord()}`
    const answers = [
      await client.get(unknown),
      await client.patch(unknown, randomBytes(5), 0),
      await client.finish(unknown, digestOf(randomBytes(5)), randomBytes(5)),
      await client.delete(unknown),
    ]
    for (const answer of answers) expectError(answer, 404, 'BLOB_UPLOAD_UNKNOWN')
  },

  'end-13: a session is known in its own repository only': async (world) => {
    const { client, repository, first } = await open(world)
    const other = world.newRepository()
    await client.pushBlob(other, randomBytes(5))
    const moved = first.replace(repository, other)
    if (moved !== first) expectError(await client.get(moved), 404, 'BLOB_UPLOAD_UNKNOWN')
  },

  'end-6: a finished session is gone': async (world) => {
    const { client, bytes, digest, first } = await open(world)
    expectStatus(await client.finish(first, digest, bytes), 201)
    expectError(await client.get(first), 404, 'BLOB_UPLOAD_UNKNOWN')
  },

  'end-14: DELETE cancels the session': async (world) => {
    const { client, repository, bytes, digest, first } = await open(world)
    const one = expectStatus(await client.patch(first, bytes, 0), 202)
    const location = locationOf(one)
    expectStatus(await client.delete(location), 204)
    const after = [await client.get(location), await client.finish(location, digest)]
    after.push(await client.delete(location))
    for (const answer of after) expectError(answer, 404, 'BLOB_UPLOAD_UNKNOWN')
    expectError(await client.get(`/v2/${repository}/blobs/${digest}`), 404)
  },
}

async function open({ client, newRepository }: World) {
  const [repository, bytes] = [newRepository(), randomBytes(2 * chunk + 500)]
  const first = await client.startUpload(repository)
  return { client, repository, bytes, digest: digestOf(bytes), first }
}

/** Sends what is missing after `received` bytes and closes the session. */
async function completeFrom(
  { client }: World,
  location: string,
  bytes: Uint8Array,
  received = 0,
): Promise<void> {
  let next = location
  if (received < bytes.length) {
    const rest = bytes.subarray(received)
    next = locationOf(expectStatus(await client.patch(location, rest, received), 202))
  }
  expectStatus(await client.finish(next, digestOf(bytes)), 201)
}

/** The state of a session once the server has noticed that its client is gone. */
async function afterHangUp({ client }: World, location: string) {
  // The registry hears of the lost connection a little later than we.
  await new Promise((resolve) => setTimeout(resolve, 200))
  for (let attempt = 0; ; attempt += 1) {
    const status = await client.get(location)
    if (status.status === 204 || attempt === 20) {
      expectStatus(status, 204)
      const received = receivedBytes(status.headers.get('range'))
      return { location: locationOf(status), received }
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Bytes named by `Range: 0-<last>`; the tests here never stop after exactly one byte. */
function receivedBytes(range: string | null): number {
  return range === null || range === '0-0' ? 0 : Number(range.split('-')[1]) + 1
}

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let sent = 0
  return new ReadableStream({
    pull(controller) {
      if (sent >= bytes.length) return controller.close()
      controller.enqueue(bytes.slice(sent, sent + 700))
      sent += 700
    },
  })
}

function raw({ fixture }: World, location: string, request: Omit<RawRequest, 'path'>) {
  const { pathname, search } = new URL(location)
  const headers = { Authorization: fixture.authorization, ...request.headers }
  return rawRequest(fixture.baseUrl, { ...request, path: pathname + search, headers })
}
