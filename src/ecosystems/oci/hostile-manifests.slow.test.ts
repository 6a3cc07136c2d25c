import assert from 'node:assert/strict'
import fc from 'fast-check'
import { after, before, test } from '#runtime/test.ts'
import { checkHarmless, checkNoOrphans, holds, hostileText } from '#test/hostile.ts'
import { type Descriptor, digestOf, mediaTypes, OciClient, textOf } from '#test/oci-client.ts'
import type { Answer } from '#test/raw-http.ts'
import { newUser, type ServedRegistry, serveTestApp } from '#test/served.ts'

let registry: ServedRegistry
let client: OciClient
let config: Descriptor
let layer: Descriptor

before(async () => {
  registry = await serveTestApp()
  const ann = await newUser(registry.app, 'ann', { namespaces: ['acme'] })
  client = new OciClient(registry.url, ann.basic)
  config = await client.pushBlob('acme/one', Buffer.from('{}'), mediaTypes.config)
  layer = await client.pushBlob('acme/one', Buffer.from('layer'))
})

after(async () => {
  await checkNoOrphans(registry.app)
  await registry.stop()
})

type Json = Record<string, unknown>

function validManifest(): Json {
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.image,
    config,
    layers: [layer, layer],
    subject: { mediaType: mediaTypes.image, digest: digestOf(Buffer.from('gone')), size: 4 },
    annotations: { 'org.example.note': 'text' },
  }
}

/** PUTs bytes as a manifest; asserts a proper answer, and that what was taken reads back the same. */
async function put(
  bytes: Uint8Array,
  mediaType: string = mediaTypes.image,
  where = 'acme/one',
): Promise<Answer> {
  const path = `/v2/${where}/manifests/hostile`
  const headers = { 'content-type': mediaType }
  const answer = await checkHarmless(registry, 'PUT', () =>
    client.request('PUT', path, { headers, body: bytes }),
  )
  if (answer.status === 201) {
    const read = await client.get(path)
    assert.equal(read.status, 200)
    assert.deepEqual(Buffer.from(read.bytes), Buffer.from(bytes))
    const referrers = await client.get(`/v2/${where}/referrers/${digestOf(Buffer.from('gone'))}`)
    assert.equal(referrers.status, 200, textOf(referrers))
  }
  return answer
}

const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  hostileText,
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(null, true, -1, 1.5, 1e308, 2 ** 53, 2 ** 63, [], {}, [[]], [null], ''),
  fc.constantFrom('\ud800', '\u0000', '\u2028', 'a'.repeat(300), '__proto__'),
  fc.constantFrom(...Object.values(mediaTypes)),
)

/** Where in a document something is put: a path of keys that need not exist. */
const place = fc.array(
  fc.oneof(
    fc.constantFrom('config', 'layers', 'manifests', 'subject', 'annotations', 'blobs', '0', '1'),
    fc.constantFrom('digest', 'size', 'mediaType', 'artifactType', 'urls', 'schemaVersion', 'data'),
    fc.constantFrom('__proto__', 'constructor', 'toString', ''),
    hostileText,
  ),
  { minLength: 1, maxLength: 3 },
)

function setAt(document: Json, [key = '', ...rest]: readonly string[], value: unknown): void {
  const inner = Object.hasOwn(document, key) ? document[key] : undefined
  if (rest.length > 0 && typeof inner === 'object' && inner !== null) {
    setAt(inner as Json, rest, value)
  } else {
    Object.defineProperty(document, key, { value, enumerable: true, configurable: true })
  }
}

test('mutated manifests are taken byte for byte or refused whole', async () => {
  const mutation = fc.record({
    changes: fc.array(fc.tuple(place, oddValue), { minLength: 1, maxLength: 3 }),
    mediaType: fc.oneof(
      { weight: 4, arbitrary: fc.constant(mediaTypes.image) },
      { weight: 1, arbitrary: fc.constantFrom(...Object.values(mediaTypes)) },
    ),
  })
  let taken = 0
  await holds(60, mutation, async ({ changes, mediaType }) => {
    const document = structuredClone(validManifest())
    for (const [path, value] of changes) setAt(document, path, value)
    const answer = await put(Buffer.from(JSON.stringify(document)), mediaType)
    if (answer.status === 201) taken++
  })
  assert.ok(taken > 0, 'no mutation was harmless: the test tries too little')
})

test('broken bytes are refused', async () => {
  const valid = () => Buffer.from(JSON.stringify(validManifest()))
  const broken = fc.record({
    at: fc.nat(10_000),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 4 }),
    how: fc.constantFrom('replace', 'insert', 'cut'),
  })
  await holds(60, broken, async ({ at, bytes, how }) => {
    const whole = valid()
    const where = at % whole.length
    const kept = whole.subarray(where + (how === 'replace' ? bytes.length : 0))
    const parts =
      how === 'cut' ? [whole.subarray(0, where)] : [whole.subarray(0, where), bytes, kept]
    await put(Buffer.concat(parts))
  })
  await holds(50, fc.json({ maxDepth: 6 }), async (text) => {
    assert.equal((await put(Buffer.from(text))).status, 400)
  })
  await holds(50, fc.uint8Array({ maxLength: 300 }), async (bytes) => {
    assert.equal((await put(bytes)).status, 400)
  })
})

test('deep, huge and repetitive JSON is answered quickly', async () => {
  const deep = (open: string, close: string, count: number) =>
    open.repeat(count) + close.repeat(count)
  const withNote = (note: string) => {
    const { annotations, ...rest } = validManifest()
    return JSON.stringify({ ...rest, annotations: { ...(annotations as Json), note } })
  }
  const texts: Record<string, string> = {
    'deep arrays': deep('[', ']', 1_000_000),
    'deep objects': deep('{"a":', '}', 500_000),
    'deep in an unknown field': `{"schemaVersion":2,"x":${deep('[', ']', 500_000)}}`,
    'unclosed arrays': '['.repeat(4_000_000),
    'one long string': withNote('x'.repeat(6_000_000)),
    'one long escaped string': withNote('"'.repeat(3_000_000)),
    'an unclosed string of escaped quotes': `"${'\\"'.repeat(2_000_000)}`,
    'many strings': JSON.stringify({ x: new Array(1_000_000).fill('') }),
    'a long number': `{"schemaVersion":${'9'.repeat(1_000_000)}}`,
    'many keys': `{${Array.from({ length: 300_000 }, (_, i) => `"k${i}":0`).join(',')}}`,
    'many annotations': JSON.stringify({
      ...validManifest(),
      annotations: Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`k${i}`, 'v'])),
    }),
    'duplicate keys': `{"schemaVersion":2,${'"mediaType":"x",'.repeat(100_000)}"mediaType":"y"}`,
  }
  for (const [what, text] of Object.entries(texts)) {
    const begun = performance.now()
    const answer = await put(Buffer.from(text))
    const seconds = (performance.now() - begun) / 1000
    assert.ok([201, 400].includes(answer.status), `${what}: ${answer.status} ${textOf(answer)}`)
    assert.ok(seconds < 5, `${what}: ${seconds} s`)
  }
})

test('as many descriptors as are allowed are stored, one more is refused', async () => {
  const many = (count: number) => new Array(count).fill(layer)
  const documents: [string, Json][] = [
    ['layers', { ...validManifest(), layers: many(4096) }],
    ['layers and blobs', { ...validManifest(), layers: many(4096), blobs: many(4096) }],
    ['too many layers', { ...validManifest(), layers: many(4097) }],
  ]
  for (const [what, document] of documents) {
    const answer = await put(Buffer.from(JSON.stringify(document)))
    assert.equal(answer.status, what.startsWith('too') ? 400 : 201, `${what}: ${textOf(answer)}`)
  }
  const index = { schemaVersion: 2, manifests: many(4096), layers: many(4096), blobs: many(4096) }
  const answer = await put(Buffer.from(JSON.stringify(index)), mediaTypes.index)
  assert.ok([201, 400].includes(answer.status), textOf(answer))
})

test('too large a manifest is 413, whatever it says of its length', async () => {
  const { maxManifestBytes } = registry.app.settings
  assert.equal((await put(new Uint8Array(maxManifestBytes + 1))).status, 413)
  assert.equal((await put(new Uint8Array(maxManifestBytes))).status, 400)
})

test('a refused push leaves no package behind', async () => {
  const wrong = await put(Buffer.from('{}'), mediaTypes.image, 'acme/never')
  assert.equal(wrong.status, 400)
  const missing = JSON.stringify({ schemaVersion: 2, config, layers: [] })
  const unknown = await put(Buffer.from(missing), mediaTypes.image, 'acme/deep/never')
  assert.equal(unknown.status, 404)
  const digest = digestOf(Buffer.from('other bytes'))
  const blob = await checkHarmless(registry, 'POST', () =>
    client.request('POST', `/v2/acme/never/blobs/uploads/?digest=${digest}`, {
      body: 'these bytes',
    }),
  )
  assert.equal(blob.status, 400)
})

test('places in the list of referrers that do not exist are answered properly', async () => {
  const subject = `sha256:${'a'.repeat(64)}`
  for (const after of ['1.5', '-1', '1e300', 'Infinity', '0x10', '9'.repeat(30), 'x', '']) {
    const send = () => client.get(`/v2/acme/one/referrers/${subject}?after=${after}`)
    const answer = await checkHarmless(registry, 'GET', send)
    assert.ok([200, 400].includes(answer.status), textOf(answer))
  }
})
