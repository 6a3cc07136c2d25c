import assert from 'node:assert/strict'
import { jsonOf, locationOf, type OciClient, textOf } from '#test/oci-client.ts'
import type { Answer } from '#test/raw-http.ts'

const knownCodes = new Set([
  'BLOB_UNKNOWN',
  'BLOB_UPLOAD_INVALID',
  'BLOB_UPLOAD_UNKNOWN',
  'DIGEST_INVALID',
  'MANIFEST_BLOB_UNKNOWN',
  'MANIFEST_INVALID',
  'MANIFEST_UNKNOWN',
  'NAME_INVALID',
  'NAME_UNKNOWN',
  'SIZE_INVALID',
  'UNAUTHORIZED',
  'DENIED',
  'UNSUPPORTED',
  'TOOMANYREQUESTS',
])

/** The status is this one, or one of these. */
export function expectStatus(answer: Answer | undefined, status: number | number[]): Answer {
  assert.ok(answer, 'the connection closed without an answer')
  const allowed = Array.isArray(status) ? status : [status]
  const found = `${answer.status}, not ${allowed.join(' or ')}, from ${answer.url}`
  assert.ok(allowed.includes(answer.status), `${found}: ${textOf(answer).slice(0, 300)}`)
  return answer
}

/** A 4xx in the specification's shape; with `codes` its first code is one of them. */
export function expectError(
  answer: Answer | undefined,
  status: number | number[],
  ...codes: string[]
): Answer {
  const found = expectStatus(answer, status)
  assert.match(found.headers.get('content-type') ?? '', /^application\/json\b/, found.url)
  const { errors } = jsonOf<{ errors: { code: string; message: string; detail?: unknown }[] }>(
    found,
  )
  assert.ok(Array.isArray(errors) && errors.length > 0, `no errors in ${textOf(found)}`)
  for (const error of errors) {
    assert.ok(knownCodes.has(error.code), `unknown code in ${textOf(found)}`)
    assert.ok(typeof error.message === 'string' && error.message !== '', textOf(found))
    // Some Go clients fail to decode a detail that is not a string.
    assert.ok(['undefined', 'string'].includes(typeof error.detail), textOf(found))
  }
  if (codes.length > 0) {
    assert.ok(codes.includes(errors[0]?.code ?? ''), `not ${codes.join('/')}: ${textOf(found)}`)
  }
  return found
}

/** The two byte strings are the same, without printing megabytes when they are not. */
export function expectBytes(found: Uint8Array, wanted: Uint8Array): void {
  assert.equal(found.length, wanted.length, 'length')
  assert.ok(Buffer.from(found).equals(wanted), 'the bytes differ')
}

/** GET and HEAD of a blob both answer for exactly these bytes. */
export async function expectBlob(
  client: OciClient,
  repository: string,
  wanted: { digest: string; bytes: Uint8Array },
): Promise<void> {
  const path = `/v2/${repository}/blobs/${wanted.digest}`
  const got = expectStatus(await client.get(path), 200)
  expectBytes(got.bytes, wanted.bytes)
  const head = expectStatus(await client.head(path), 200)
  for (const answer of [got, head]) {
    assert.equal(answer.headers.get('docker-content-digest'), wanted.digest)
    assert.equal(answer.headers.get('content-length'), String(wanted.bytes.length))
  }
}

/** The names of a list header, whether sent in one line or in several. */
export function listHeader(answer: Answer, name: string): string[] {
  return (answer.headers.get(name) ?? '').split(',').flatMap((item) => item.trim() || [])
}

/** The absolute target of `Link: <…>; rel="next"`, or nothing on the last page. */
export function nextPage(answer: Answer): string | undefined {
  const link = answer.headers.get('link')
  if (link === null) return undefined
  const target = /^<([^>]+)>\s*;\s*rel="?next"?$/.exec(link)?.[1]
  assert.ok(target, `not a next link: ${link}`)
  return new URL(target, answer.url).href
}

/** Every page from `path` on; fails when the links run in a circle. */
export async function allPages(client: OciClient, path: string): Promise<Answer[]> {
  const pages: Answer[] = []
  for (let next: string | undefined = path; next !== undefined; ) {
    const page: Answer = expectStatus(await client.get(next), 200)
    pages.push(page)
    assert.ok(pages.length < 2000, 'the Link headers never end')
    next = nextPage(page)
  }
  return pages
}

/** A session that reports `count` received bytes; gives the location to go on with. */
export async function expectReceived(
  client: OciClient,
  location: string,
  count: number,
): Promise<string> {
  const status = expectStatus(await client.get(location), 204)
  expectRange(status, count)
  return locationOf(status)
}

/** `Range: 0-<last>` of an upload; an empty session has none or the legacy `0-0`. */
export function expectRange(answer: Answer, count: number): void {
  const range = answer.headers.get('range')
  if (count === 0) assert.ok(range === null || range === '0-0', `Range ${range}`)
  else assert.equal(range, `0-${count - 1}`)
}
