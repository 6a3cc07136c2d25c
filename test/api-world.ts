import assert from 'node:assert/strict'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { addMember } from '#core/namespaces/members/add-member.ts'
import { updatePackage } from '#core/packages/update-package.ts'
import { publishRelease } from '#core/releases/publish-release.ts'
import { ecosystems } from '#ecosystems/index.ts'
import { openApiDocument } from '#http/api/open-api.ts'
import { createFetch } from '#http/server.ts'
import { credential, type Person, person } from './actors.ts'
import { openTestApp, operator, type TestApp } from './app.ts'
import { testServerOptions } from './served.ts'

/** What came back: `body` is the parsed JSON, or the text. */
interface ApiAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

/** What is sent besides method and path. */
interface ApiCall {
  readonly as?: Person
  /** Sent as JSON; a string or bytes as they are. */
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

/**
 * A registry with people: ann is admin, pat publisher and rae reader of `acme`, sam a stranger with
 * `samco`, boss an operator. `acme` has the packages `web` (public) and `secret` (private).
 */
export interface ApiWorld {
  readonly t: TestApp
  readonly ann: Person
  readonly pat: Person
  readonly rae: Person
  readonly sam: Person
  readonly boss: Person
  /** ann, with the scopes read and publish alone. */
  readonly weak: Person
  /** ann, limited to `samco`. */
  readonly restricted: Person
  /** A robot of `acme`, publisher. */
  readonly robot: Person
  /** Every answer is checked against the OpenAPI document and the rules for problems. */
  call(method: string, path: string, more?: ApiCall): Promise<ApiAnswer>
}

export const RELEASE_DIGEST =
  'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'
const RELEASE_TYPE = 'application/vnd.oci.image.manifest.v1+json'

/** Opens one; close it with `t.close()`. */
export async function openApiWorld(): Promise<ApiWorld> {
  const t = await openTestApp()
  const { app } = t
  const ann = await person(app, 'ann')
  const pat = await person(app, 'pat')
  const rae = await person(app, 'rae')
  const sam = await person(app, 'sam')
  const boss = await person(app, 'boss', { isOperator: true })
  await createNamespace(app, operator, { name: 'acme', owner: 'ann' })
  const samco = await createNamespace(app, operator, { name: 'samco', owner: 'sam' })
  await addMember(app, operator, 'acme', { user: 'pat', role: 'publisher' })
  await addMember(app, operator, 'acme', { user: 'rae', role: 'reader' })
  const weak = await credential(app, { user: 'ann' }, { scopes: ['publish', 'read'] })
  const restricted = await credential(app, { user: 'ann' }, { onlyNamespaces: [samco.id] })
  const robot = await credential(app, { namespace: 'acme', role: 'publisher' }, { name: 'ci' })
  for (const name of ['web', 'secret']) await publish(t, name, ['latest', 'v1'])
  await updatePackage(app, operator, refOf('secret'), { visibility: 'private' })
  return { t, ann, pat, rae, sam, boss, weak, restricted, robot, call: makeCall(t) }
}

/** Publishes an empty release to a package of `acme`. */
export async function publish(t: TestApp, name: string, tags: string[]): Promise<void> {
  const bytes = new TextEncoder().encode('{}')
  await publishRelease(t.app, operator, refOf(name), {
    version: RELEASE_DIGEST,
    bytes,
    digest: RELEASE_DIGEST,
    mediaType: RELEASE_TYPE,
    kind: '',
    metadata: {},
    files: [],
    tags,
  })
}

function refOf(name: string) {
  return { ecosystem: 'oci', namespace: 'acme', name, key: name }
}

function makeCall(t: TestApp): ApiWorld['call'] {
  const fetch = createFetch(t.app, ecosystems, testServerOptions())
  const checkDocumented = documentChecker()
  return async (method, path, more = {}) => {
    const request = new Request(`http://127.0.0.1:7080${path}`, requestInit(method, more))
    const answer = await fetch(request, { remoteAddress: () => '192.0.2.7' })
    assert.ok(answer instanceof Response, 'nothing here is answered from memory')
    const { status, headers } = answer
    const text = await answer.text()
    const isJson = /json/.test(headers.get('content-type') ?? '')
    const body: unknown = isJson && text !== '' ? JSON.parse(text) : text
    const label = `${method} ${path} → ${status} ${text}`
    const requestId = headers.get('x-request-id')
    assert.ok(requestId, `${label}: no x-request-id`)
    if (status >= 400 && method !== 'HEAD') checkProblem({ status, headers, body }, label)
    if (method !== 'HEAD') checkDocumented(method, path, { status, headers, body })
    return { status, headers, body }
  }
}

function requestInit(method: string, { as, body, headers }: ApiCall): RequestInit {
  const isPlain = typeof body === 'string' || body instanceof Uint8Array
  return {
    method,
    headers: {
      ...(as && { authorization: `Bearer ${as.secret}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: isPlain ? (body as string) : JSON.stringify(body) }),
  }
}

/** Every failure tells what, in the same form (RFC 9457). */
function checkProblem({ status, headers, body }: ApiAnswer, label: string): void {
  assert.equal(headers.get('content-type'), 'application/problem+json', label)
  assert.ok(typeof body === 'object' && body !== null, label)
  const problem = body as Record<string, unknown>
  assert.equal(problem.status, status, label)
  assert.equal(problem.requestId, headers.get('x-request-id'), label)
  for (const name of ['type', 'title', 'code', 'detail']) {
    assert.ok(typeof problem[name] === 'string' && problem[name] !== '', `${label}: ${name}`)
  }
  if (status === 401) assert.ok(headers.get('www-authenticate'), label)
  if (status === 405) assert.ok(headers.get('allow'), label)
}

type Json = Record<string, unknown>

/** Compares an answer with what the document says of it; extra properties are refused too. */
function documentChecker() {
  const document = JSON.parse(JSON.stringify(openApiDocument())) as Json & {
    paths: Record<string, Record<string, { responses: Record<string, Json> }>>
    components: { schemas: Record<string, Json> }
  }
  for (const [name, schema] of Object.entries(document.components.schemas)) {
    // Problems may carry further facts.
    if (name !== 'Problem' && schema.properties) schema.additionalProperties = false
  }
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema(document, 'api')
  return (method: string, path: string, { status, headers, body }: ApiAnswer) => {
    const template = findTemplate(Object.keys(document.paths), path)
    const operation = template && document.paths[template]?.[method.toLowerCase()]
    if (!template || !operation) return
    const key = String(status) in operation.responses ? String(status) : 'default'
    assert.ok(key !== 'default' || status >= 400, `${method} ${path}: ${status} is undocumented`)
    if (!operation.responses[key]?.content) return assert.equal(body, '')
    const type = (headers.get('content-type') ?? '').split(';')[0] ?? ''
    const parts = ['paths', template, method.toLowerCase(), 'responses', key, 'content', type]
    const pointer = parts.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')
    const ref = `api#/${encodeURI(pointer)}/schema`
    const validate = ajv.getSchema(ref) ?? ajv.compile({ $ref: ref })
    assert.ok(validate(body), `${method} ${path}: ${ajv.errorsText(validate.errors)}`)
  }
}

/** Mirrors how paths are matched: packages hold slashes. */
function findTemplate(templates: readonly string[], path: string): string | undefined {
  const [bare = ''] = path.split('?')
  const patterns = [...templates].sort((a, b) => b.length - a.length)
  return patterns.find((template) => {
    const pattern = template.replace('{path}', '.+').replaceAll(/\{\w+\}/g, '[^/]+')
    return new RegExp(`^${pattern}$`).test(bare)
  })
}
