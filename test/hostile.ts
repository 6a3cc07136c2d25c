import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { App } from '#core/app.ts'
import type { Answer } from './raw-http.ts'
import type { ServedRegistry } from './served.ts'

// biome-ignore lint/style/noProcessEnv: how much is tried is the caller's business
const RUNS = Number(process.env.ENTREPOT_TEST_RUNS ?? 0)

/** The error codes of the distribution specification, and the one registries add. */
const CODES = new Set([
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

/** Runs a property; a failure prints the seed and path that repeat it. */
export async function holds<T>(
  usualRuns: number,
  arbitrary: fc.Arbitrary<T>,
  check: (value: T) => Promise<void>,
): Promise<void> {
  const property = fc.asyncProperty(arbitrary, check)
  await fc.assert(property, { numRuns: RUNS > 0 ? RUNS : usualRuns, verbose: 1 })
}

/** Text that somebody may send where a name is meant: odd, long, encoded, or nearly right. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.toWellFormed()),
  fc.string({ unit: 'grapheme-ascii', maxLength: 40 }),
  fc.stringMatching(/^[a-z0-9._/:@-]{0,60}$/),
  fc.constantFrom('', '.', '..', '../..', '/', '//', ' ', '\t', '\r\nX-Injected: 1', '\u0000'),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'null', 'undefined', 'NaN', '-0'),
  fc.constantFrom("'; drop table tags; --", '$(id)', '{{7*7}}', '%', '%%', '%ff%fe', '%2e%2e'),
  fc.constantFrom('sha256:', 'sha256:abc', 'md5:d41d8cd98f00b204e9800998ecf8427e', 'sha256:zz'),
  fc.constantFrom(
    `sha256:${'A'.repeat(64)}`,
    `sha256:${'a'.repeat(63)}`,
    `sha512:${'a'.repeat(64)}`,
  ),
  fc.constantFrom('1', '-1', '1.5', '1e309', '9'.repeat(30), '0x10', '٣', ' 7', '7 '),
  fc.integer({ min: 100, max: 2000 }).map((count) => 'a'.repeat(count)),
  fc.integer({ min: 50, max: 300 }).map((count) => 'a/'.repeat(count)),
)

/** The same as one or several path segments, sometimes encoded and sometimes not. */
export const hostilePath: fc.Arbitrary<string> = fc
  .tuple(hostileText, fc.boolean())
  .map(([text, isEncoded]) => (isEncoded ? encodeURIComponent(text) : text.replace(/[?#]/g, '')))

/** Asserts what holds for every answer: no 5xx, no empty refusal, the protocol's error body. */
export function checkAnswer(answer: Answer, method: string): void {
  const text = new TextDecoder().decode(answer.bytes)
  const what = `${method} ${answer.url}: ${answer.status} ${text.slice(0, 500)}`
  assert.ok(answer.status >= 200 && answer.status < 500, what)
  if (answer.status < 400 || method === 'HEAD') return
  assert.notEqual(text, '', `an empty refusal: ${what}`)
  const isJson = answer.headers.get('content-type')?.startsWith('application/') ?? false
  assert.ok(isJson, `a refusal of type ${answer.headers.get('content-type')}: ${what}`)
  const body: unknown = JSON.parse(text)
  if (answer.headers.get('content-type')?.startsWith('application/problem+json')) return
  const { errors } = body as { errors: { code: string; message: string; detail: unknown }[] }
  assert.equal(errors.length, 1, what)
  assert.ok(CODES.has(errors[0]?.code ?? ''), what)
  assert.ok(errors[0]?.message, what)
  assert.equal(typeof errors[0]?.detail, 'string', what)
  if (answer.status === 401) assert.ok(answer.headers.get('www-authenticate'), what)
}

/** Everything that a refused request must leave alone. */
export async function stateOf(app: App): Promise<unknown> {
  const { db } = app.database
  const count = (table: 'packages' | 'releases' | 'releaseFiles' | 'packageBlobs' | 'blobs') =>
    db
      .selectFrom(table)
      .select((e) => e.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
  const tables = ['packages', 'releases', 'releaseFiles', 'packageBlobs', 'blobs'] as const
  const counts = await Promise.all(tables.map(count))
  const used = await db
    .selectFrom('namespaces')
    .select(['key', 'usedBytes'])
    .orderBy('key')
    .execute()
  const tags = await db.selectFrom('tags').select(['packageId', 'name', 'releaseId']).execute()
  const uploads = await db.selectFrom('uploads').select(['id', 'offset', 'parts']).execute()
  const later = new Date(Date.now() + 3_600_000)
  const parts = await Array.fromAsync(app.blobs.listParts(later))
  return { counts: counts.map((row) => Number(row.count)), used, tags, uploads, parts }
}

/** Asserts that the store holds exactly what the database knows of. */
export async function checkNoOrphans(app: App): Promise<void> {
  const later = new Date(Date.now() + 3_600_000)
  const files = await Array.fromAsync(app.blobs.listLocators(later))
  const rows = await app.database.db.selectFrom('blobs').select('locator').execute()
  assert.deepEqual(files.sort(), rows.map((row) => row.locator).sort())
}

/** Sends one request and asserts that a refusal left nothing behind. */
export async function checkHarmless(
  registry: ServedRegistry,
  method: string,
  send: () => Promise<Answer>,
): Promise<Answer> {
  const before = await stateOf(registry.app)
  const answer = await send()
  checkAnswer(answer, method)
  if (answer.status >= 400) assert.deepEqual(await stateOf(registry.app), before, answer.url)
  return answer
}
