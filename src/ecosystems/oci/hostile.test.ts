import assert from 'node:assert/strict'
import fc from 'fast-check'
import { after, before, test } from '#runtime/test.ts'
import { checkHarmless, checkNoOrphans, holds, hostilePath, hostileText } from '#test/hostile.ts'
import { jsonOf, type Manifest, OciClient } from '#test/oci-client.ts'
import { newUser, type ServedRegistry, serveTestApp } from '#test/served.ts'

let registry: ServedRegistry
let client: OciClient
let stranger: OciClient
let image: Manifest

before(async () => {
  registry = await serveTestApp({ maxFailedCredentialsPerMinute: 1_000_000 })
  const ann = await newUser(registry.app, 'ann', { namespaces: ['acme'] })
  client = new OciClient(registry.url, ann.basic)
  stranger = new OciClient(registry.url)
  image = await client.pushImage('acme/one', 'v1')
})

after(async () => {
  await checkNoOrphans(registry.app)
  await registry.stop()
})

const METHODS = ['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS']
const KINDS = ['manifests', 'blobs', 'tags', 'referrers', 'blobs/uploads', 'tags/list', '_catalog']
const method = fc.constantFrom(...METHODS)
const name = fc.oneof(
  { weight: 2, arbitrary: fc.constant('acme/one') },
  { weight: 3, arbitrary: hostilePath },
)
/** Fetch sends only what a header may hold; the rest is in hostile-raw.test.ts. */
const headerText = fc
  .oneof(hostileText, fc.string({ maxLength: 200 }))
  .map((text) => text.replace(/[^\x20-\x7e]/g, '~').trim())

function headers(...names: string[]): fc.Arbitrary<Record<string, string>> {
  return fc.dictionary(fc.constantFrom(...names), headerText)
}

async function stillAnswers(): Promise<void> {
  const answer = await client.get('/v2/acme/one/manifests/v1')
  assert.equal(answer.status, 200)
  assert.deepEqual(Buffer.from(answer.bytes), Buffer.from(image.bytes))
}

test('names, tags, digests and methods of any kind are answered properly', async () => {
  const request = fc.record({
    method,
    name,
    kind: fc.constantFrom(...KINDS),
    reference: hostilePath,
    body: fc.option(fc.uint8Array({ maxLength: 200 }), { nil: undefined }),
    isStranger: fc.boolean(),
  })
  await holds(150, request, async ({ method, name, kind, reference, body, isStranger }) => {
    const path = `/v2/${name}/${kind}/${reference}`
    const withBody = body !== undefined && !['GET', 'HEAD'].includes(method) ? { body } : {}
    const who = isStranger ? stranger : client
    const answer = await checkHarmless(registry, method, () => who.request(method, path, withBody))
    // A stranger changes nothing, whatever is asked.
    if (isStranger && !['GET', 'HEAD', 'OPTIONS'].includes(method)) assert.ok(answer.status >= 400)
  })
  await stillAnswers()
})

test('queries of any kind are answered properly', async () => {
  const keys = ['n', 'last', 'digest', 'mount', 'from', 'tag', 'artifactType', 'after', 'scope']
  const query = fc
    .array(
      fc.tuple(fc.constantFrom(...keys, 'digest-algorithm', 'service', 'account'), hostileText),
      {
        maxLength: 6,
      },
    )
    .map((pairs) => new URLSearchParams(pairs).toString())
  const path = fc.constantFrom(
    '/v2/acme/one/tags/list',
    '/v2/_catalog',
    '/token',
    `/v2/acme/one/referrers/sha256:${'a'.repeat(64)}`,
    '/v2/acme/one/blobs/uploads/',
    '/v2/acme/one/manifests/v2',
    '/v2/acme/one/blobs/uploads/AAAAAAAAAAAAAAAAAAAAAAAA',
  )
  const request = fc.record({ method, path, query })
  await holds(150, request, async ({ method, path, query }) => {
    await checkHarmless(registry, method, () => client.request(method, `${path}?${query}`))
  })
  await stillAnswers()
})

test('headers of any kind are answered properly', async () => {
  const names = ['range', 'if-range', 'if-none-match', 'content-range', 'content-type', 'accept']
  const request = fc.record({
    method: fc.constantFrom('GET', 'HEAD', 'PUT', 'POST', 'PATCH'),
    path: fc.constantFrom(
      '/v2/acme/one/manifests/v1',
      `/v2/acme/one/manifests/${image.digest}`,
      `/v2/acme/one/blobs/${blobOf(image)}`,
      '/v2/acme/one/blobs/uploads/',
      '/v2/acme/one/tags/list',
    ),
    headers: headers(...names, 'authorization', 'x-request-id', 'x-forwarded-for', 'expect-ct'),
  })
  await holds(120, request, async ({ method, path, headers }) => {
    await checkHarmless(registry, method, () => client.request(method, path, { headers }))
  })
  await stillAnswers()
})

test('every range is the bytes asked for, the whole, or 416', async () => {
  const blob = Buffer.from((await client.get(`/v2/acme/one/blobs/${blobOf(image)}`)).bytes)
  const position = fc.oneof(
    fc.integer({ min: 0, max: blob.length + 3 }).map(String),
    fc.constantFrom('', '-1', '007', '99999999999999999999', '1e2', ' 1'),
  )
  const range = fc.oneof(
    fc.tuple(position, position).map(([first, last]) => `bytes=${first}-${last}`),
    fc.tuple(position, position).map(([first, last]) => `bytes=${first}-${last},0-0`),
    headerText,
  )
  await holds(120, range, async (range) => {
    const send = () => client.get(`/v2/acme/one/blobs/${blobOf(image)}`, { range })
    const answer = await checkHarmless(registry, 'GET', send)
    if (answer.status === 416) {
      assert.equal(answer.headers.get('content-range'), `bytes */${blob.length}`)
    } else if (answer.status === 200) {
      assert.deepEqual(Buffer.from(answer.bytes), blob)
    } else {
      assert.equal(answer.status, 206)
      const [, first, last] =
        /^bytes (\d+)-(\d+)\//.exec(answer.headers.get('content-range') ?? '') ?? []
      const expected = blob.subarray(Number(first), Number(last) + 1)
      assert.deepEqual(Buffer.from(answer.bytes), expected)
      assert.equal(
        range.split(/[=-]/)[1] === '' || Number(range.split(/[=-]/)[1]) === Number(first),
        true,
      )
    }
  })
})

test('credentials of any kind are refused with 401, and token requests answered properly', async () => {
  const credential = fc.oneof(
    headerText,
    headerText.map((text) => `Bearer ${text}`),
    hostileText.map((text) => `Basic ${Buffer.from(text).toString('base64')}`),
    hostileText.map((text) => `Basic ${Buffer.from(`ann:${text}`).toString('base64')}`),
    fc
      .base64String({ maxLength: 60 })
      .map((text) => `Bearer eyJ${text.replace(/[+/=]/g, 'x')}.e30.e30`),
  )
  const path = fc.constantFrom(
    '/v2/',
    '/v2/acme/one/manifests/v1',
    '/token?scope=repository:acme/one:pull',
  )
  await holds(80, fc.record({ credential, path }), async ({ credential, path }) => {
    const send = () => stranger.get(path, { authorization: credential })
    const answer = await checkHarmless(registry, 'GET', send)
    if (credential.trim() !== '') assert.equal(answer.status, 401, credential)
  })
})

test('token forms of any kind are answered properly and never grant what was not had', async () => {
  const field = fc.tuple(
    fc.constantFrom('grant_type', 'username', 'password', 'refresh_token', 'scope', 'access_type'),
    fc.oneof(
      hostileText,
      fc.constantFrom(
        'password',
        'refresh_token',
        'ann',
        'offline',
        'repository:acme/one:push,pull',
      ),
    ),
  )
  const body = fc.oneof(
    fc.array(field, { maxLength: 8 }).map((pairs) => new URLSearchParams(pairs).toString()),
    fc.string({ unit: 'binary', maxLength: 100 }),
  )
  await holds(80, body, async (body) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const send = () => stranger.request('POST', '/token', { headers, body })
    const answer = await checkHarmless(registry, 'POST', send)
    assert.ok([400, 401, 414].includes(answer.status), `${answer.status} for ${body}`)
  })
  await holds(80, fc.array(hostileText, { maxLength: 60 }), async (names) => {
    const scopes = names.map((text) => new URLSearchParams({ scope: `repository:${text}:push` }))
    const send = () => stranger.get(`/token?${scopes.join('&')}`)
    const answer = await checkHarmless(registry, 'GET', send)
    if (answer.status !== 200) return assert.ok([400, 414].includes(answer.status))
    assert.doesNotMatch(jsonOf<{ scope: string }>(answer).scope, /:push\b.*:push\b.*$/s)
    const { token } = jsonOf<{ token: string }>(answer)
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    const actions = claims.access.flatMap((one: { actions: string[] }) => one.actions)
    assert.ok(!actions.includes('push') && !actions.includes('delete'))
  })
})

function blobOf(manifest: Manifest | undefined): string {
  // Declared while the file loads, before anything is pushed: a digest that nobody has will do.
  if (!manifest) return `sha256:${'0'.repeat(64)}`
  return JSON.parse(new TextDecoder().decode(manifest.bytes)).layers[0].digest
}
