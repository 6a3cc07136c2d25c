import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { after, before, test } from '#runtime/test.ts'
import { checkAnswer, checkNoOrphans, holds, stateOf } from '#test/hostile.ts'
import { locationOf, OciClient, textOf } from '#test/oci-client.ts'
import { type Answer, chunkOf, rawRequest } from '#test/raw-http.ts'
import { newUser, type ServedRegistry, serveTestApp } from '#test/served.ts'

let registry: ServedRegistry
let ann: OciClient
let bob: OciClient
let authorization: string

before(async () => {
  registry = await serveTestApp()
  const owner = await newUser(registry.app, 'ann', { namespaces: ['acme'] })
  const other = await newUser(registry.app, 'bob', { namespaces: ['other'] })
  authorization = owner.basic
  ann = new OciClient(registry.url, owner.basic)
  bob = new OciClient(registry.url, other.basic)
})

after(async () => {
  await checkNoOrphans(registry.app)
  await registry.stop()
})

/** What the specification lets one expect of an upload. */
interface Model {
  readonly path: string
  bytes: Buffer
  isOpen: boolean
}

type Step =
  | { readonly kind: 'patch'; readonly bytes: Uint8Array; readonly shift: number | undefined }
  | { readonly kind: 'lie'; readonly bytes: Uint8Array; readonly by: number }
  | { readonly kind: 'finish'; readonly bytes: Uint8Array; readonly isRight: boolean }
  | { readonly kind: 'stray'; readonly method: string }
  | { readonly kind: 'cut'; readonly bytes: Uint8Array; readonly missing: number }
  | { readonly kind: 'range'; readonly text: string }
  | { readonly kind: 'status' | 'cancel' }

const bytes = fc.uint8Array({ minLength: 1, maxLength: 3000 })
const maybeNoBytes = fc.oneof(fc.constant(new Uint8Array()), bytes)
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('patch' as const),
    bytes: maybeNoBytes,
    shift: fc.constant(undefined),
  }),
  fc.record({
    kind: fc.constant('patch' as const),
    bytes,
    shift: fc.oneof(
      { weight: 4, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: -9, max: 9 }) },
    ),
  }),
  fc.record({ kind: fc.constant('lie' as const), bytes, by: fc.integer({ min: 1, max: 99 }) }),
  fc.record({ kind: fc.constant('finish' as const), bytes: maybeNoBytes, isRight: fc.boolean() }),
  fc.record({
    kind: fc.constant('cut' as const),
    bytes,
    missing: fc.integer({ min: 1, max: 999 }),
  }),
  fc.record({
    kind: fc.constant('stray' as const),
    method: fc.constantFrom('GET', 'PATCH', 'PUT', 'DELETE'),
  }),
  fc.record({
    kind: fc.constant('range' as const),
    text: fc.oneof(
      fc.constantFrom(
        '5-1',
        '-',
        'x-y',
        '0-',
        '-5',
        '1e1-2',
        `0-${'9'.repeat(40)}`,
        'bytes */5',
        '0-4, 6-9',
      ),
      fc
        .string({ minLength: 1, maxLength: 20 })
        .map((text) => text.replace(/[^\x20-\x7e]/g, '~').trim() || '-'),
    ),
  }),
  fc.constant({ kind: 'status' as const }),
  fc.constant({ kind: 'cancel' as const }),
)

test('any order of upload requests does what a simple model says', async () => {
  await holds(15, fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
    const opened = await ann.request('POST', '/v2/acme/one/blobs/uploads/')
    const model: Model = {
      path: new URL(locationOf(opened)).pathname,
      bytes: Buffer.alloc(0),
      isOpen: true,
    }
    for (const step of steps) {
      const before = await stateOf(registry.app)
      const answer = await take(model, step)
      checkAnswer(answer, 'PATCH')
      // A body that was cut off is refused, but what came is kept for the client to go on.
      if (answer.status >= 400 && step.kind !== 'cut') {
        assert.deepEqual(await stateOf(registry.app), before)
      }
      await checkStatus(model)
    }
    if (model.isOpen) await ann.delete(model.path)
  })
})

/** Sends the step, checks its status against the model, and moves the model. */
async function take(model: Model, step: Step): Promise<Answer> {
  if (step.kind === 'patch') return patch(model, step)
  if (step.kind === 'finish') return finish(model, step)
  if (step.kind === 'cut') return cut(model, step)
  if (step.kind === 'stray') return stray(model, step.method)
  if (step.kind === 'status')
    return expectStatus(await ann.get(model.path), model.isOpen ? 204 : 404)
  if (step.kind === 'range') {
    const headers = { 'content-range': step.text }
    const body = new Uint8Array(7)
    const answer = await ann.request('PATCH', model.path, { headers, body })
    return expectStatus(answer, ...(model.isOpen ? [400, 416] : [404, 400, 416]))
  }
  if (step.kind === 'lie') {
    const at = model.bytes.length
    const headers = { 'content-range': `${at}-${at + step.bytes.length - 1 + step.by}` }
    const answer = await ann.request('PATCH', model.path, { headers, body: step.bytes })
    return expectStatus(answer, 400)
  }
  const answer = await ann.delete(model.path)
  expectStatus(answer, model.isOpen ? 204 : 404)
  model.isOpen = false
  return answer
}

async function patch(model: Model, step: Step & { kind: 'patch' }): Promise<Answer> {
  const start = model.bytes.length + (step.shift ?? 0)
  const isRight = step.shift === undefined || step.shift === 0
  const answer = await ann.request('PATCH', model.path, {
    headers:
      step.shift === undefined
        ? {}
        : { 'content-range': `${start}-${start + step.bytes.length - 1}` },
    body: step.bytes,
  })
  if (start < 0) return expectStatus(answer, 416)
  expectStatus(answer, model.isOpen ? (isRight ? 202 : 416) : 404)
  if (answer.status === 202) model.bytes = Buffer.concat([model.bytes, step.bytes])
  return answer
}

async function finish(model: Model, step: Step & { kind: 'finish' }): Promise<Answer> {
  const whole = Buffer.concat([model.bytes, step.bytes])
  const named = step.isRight ? whole : Buffer.concat([whole, Buffer.from('more')])
  const digest = `sha256:${createHash('sha256').update(named).digest('hex')}`
  const answer = await ann.request('PUT', `${model.path}?digest=${digest}`, { body: step.bytes })
  expectStatus(answer, model.isOpen ? (step.isRight ? 201 : 400) : 404)
  if (answer.status === 201) {
    model.isOpen = false
    const read = await ann.get(`/v2/acme/one/blobs/${digest}`)
    assert.deepEqual(Buffer.from(read.bytes), whole)
  }
  return answer
}

/** The client hangs up before the body's end: what came stays. */
async function cut(model: Model, { bytes, missing }: Step & { kind: 'cut' }): Promise<Answer> {
  await rawRequest(registry.url, {
    method: 'PATCH',
    path: model.path,
    headers: { Authorization: authorization, 'Content-Length': String(bytes.length + missing) },
    body: [bytes],
    hangUp: true,
  })
  return settled(model, bytes)
}

/** The server hears of a client's end a moment later: what it then keeps is all that came, or nothing. */
async function settled(model: Model, bytes: Uint8Array): Promise<Answer> {
  const wanted = model.bytes.length + bytes.length
  for (let attempt = 0; model.isOpen && attempt < 50; attempt++) {
    if ((await recordedOffset(model)) === wanted) {
      model.bytes = Buffer.concat([model.bytes, bytes])
      break
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return expectStatus(await ann.get(model.path), model.isOpen ? 204 : 404)
}

async function recordedOffset(model: Model): Promise<number | undefined> {
  const row = await registry.app.database.db
    .selectFrom('uploads')
    .select('offset')
    .where('id', '=', model.path.split('/').at(-1) ?? '')
    .executeTakeFirst()
  return row?.offset
}

/** Somebody else's, or one that never was. */
async function stray(model: Model, method: string): Promise<Answer> {
  const query = method === 'PUT' ? `?digest=sha256:${'0'.repeat(64)}` : ''
  const elsewhere = model.path.replace('/acme/one/', '/acme/two/')
  expectStatus(await ann.request(method, elsewhere + query), 404)
  const answer = await bob.request(method, model.path + query)
  return expectStatus(answer, 403, 404)
}

async function checkStatus(model: Model): Promise<void> {
  const answer = await ann.get(model.path)
  if (!model.isOpen) return void expectStatus(answer, 404)
  expectStatus(answer, 204)
  assert.equal(offsetOf(answer), model.bytes.length === 1 ? 0 : model.bytes.length)
}

/** `0-0` is none or one: the protocol cannot say it. */
function offsetOf(answer: Answer): number {
  const last = Number(/^0-(\d+)$/.exec(answer.headers.get('range') ?? '')?.[1])
  return last === 0 ? 0 : last + 1
}

function expectStatus(answer: Answer, ...expected: number[]): Answer {
  const what = `${answer.status} of ${expected.join(' or ')}: ${answer.url} ${textOf(answer)}`
  assert.ok(expected.includes(answer.status), what)
  return answer
}

test('bytes on the wire that are no proper request never end the server', async () => {
  const control = fc.string({ unit: 'binary', minLength: 1, maxLength: 30 })
  const raw = fc.record({
    method: fc.oneof(fc.constantFrom('GET', 'PUT', 'PATCH', 'POST', 'TRACE', 'CONNECT'), control),
    path: fc.oneof(
      fc.constantFrom('/v2/', '/v2/acme/one/manifests/x', '/v2/%00', '*', 'x', '//'),
      control,
    ),
    header: fc.tuple(
      fc.oneof(fc.constantFrom('Authorization', 'Content-Type', 'Range', 'Host'), control),
      control,
    ),
    body: fc.constantFrom<Uint8Array[]>([], [Buffer.from('x')], [chunkOf(Buffer.from('x'))]),
    framing: fc.constantFrom<Record<string, string>>(
      {},
      { 'Content-Length': '5' },
      { 'Content-Length': '-1' },
      { 'Content-Length': '99999999999999999999' },
      { 'Transfer-Encoding': 'chunked' },
      { 'Transfer-Encoding': 'chunked', 'Content-Length': '3' },
      { 'Transfer-Encoding': 'gzip' },
    ),
  })
  await holds(100, raw, async ({ method, path, header: [name, value], body, framing }) => {
    const before = await stateOf(registry.app)
    const answer = await rawRequest(registry.url, {
      method,
      path,
      headers: { Authorization: authorization, ...framing, [name]: value },
      body,
      hangUp: true,
    }).catch(() => undefined)
    // 505 is the runtime's own word for a line that is no HTTP.
    if (answer) assert.ok(answer.status < 500 || answer.status === 505, textOf(answer))
    assert.deepEqual(await stateOf(registry.app), before)
  })
  assert.equal((await ann.get('/v2/')).status, 200)
})

test('lines that are far too long are refused', async () => {
  const long = 'a'.repeat(1_000_000)
  for (const headers of [{ Authorization: `Bearer ${long}` }, { 'X-Long': long }, {}]) {
    const path = Object.keys(headers).length > 0 ? '/v2/' : `/v2/${long}/manifests/x`
    const answer = await rawRequest(registry.url, { method: 'GET', path, headers, hangUp: true })
    if (answer) assert.ok(answer.status >= 400 && answer.status < 500, String(answer.status))
  }
  assert.equal((await ann.get('/v2/')).status, 200)
})
