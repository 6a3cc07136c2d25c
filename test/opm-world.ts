import assert from 'node:assert/strict'
import { Ajv, type ValidateFunction } from 'ajv'
import { digestOf } from '#core/blobs/digest.ts'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { addMember } from '#core/namespaces/members/add-member.ts'
import type { Settings } from '#core/settings.ts'
import type { Ecosystem } from '#ecosystems/contract.ts'
import { ecosystems } from '#ecosystems/index.ts'
import { createFetch } from '#http/server.ts'
import { type Person, person } from './actors.ts'
import { openTestApp, operator, type TestApp } from './app.ts'
import { testServerOptions } from './served.ts'

/** What came back: `body` is the parsed JSON, or the text. */
interface OpmAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

/** What is sent besides method and path. */
interface OpmCall {
  readonly as?: Person
  /** Sent as JSON; bytes as they are. */
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

/** One who asks. */
type Call = (method: string, path: string, more?: OpmCall) => Promise<OpmAnswer>

/**
 * A registry with people: ann is admin, pat publisher and rae reader of `acme`, sam a stranger with
 * `samco`, boss an operator.
 */
export interface OpmWorld {
  readonly t: TestApp
  readonly ann: Person
  readonly pat: Person
  readonly rae: Person
  readonly sam: Person
  readonly boss: Person
  /** Paths below `/opm`; every answer is checked against its schema, every failure for its form. */
  readonly opm: Call
  /** Paths from the root. */
  readonly any: Call
  /** Pushes by `/v2/` what a manifest of one layer needs, and the manifest under a tag. */
  pushImage(repository: string, tag: string, as?: Person): Promise<PushedImage>
}

/** A manifest as tags name it. */
interface PushedImage {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

/** Opens one; close it with `t.close()`. More ecosystems can be served beside ours. */
export async function openOpmWorld(
  settings: Partial<Settings> = {},
  others: readonly Ecosystem[] = [],
): Promise<OpmWorld> {
  const opened = await openTestApp(settings)
  const all = [...ecosystems, ...others]
  const t = { ...opened, app: { ...opened.app, ecosystems: all } }
  const { app } = t
  const [ann, pat, rae, sam] = [
    await person(app, 'ann'),
    await person(app, 'pat'),
    await person(app, 'rae'),
    await person(app, 'sam'),
  ]
  const boss = await person(app, 'boss', { isOperator: true })
  await createNamespace(app, operator, { name: 'acme', owner: 'ann' })
  await createNamespace(app, operator, { name: 'samco', owner: 'sam' })
  await addMember(app, operator, 'acme', { user: 'pat', role: 'publisher' })
  await addMember(app, operator, 'acme', { user: 'rae', role: 'reader' })
  const any = makeCall(t, all)
  const opm: Call = async (method, path, more) => {
    const answer = await any(method, `/opm${path}`, more)
    checkForm(method, path, answer)
    return answer
  }
  const pushImage = (repository: string, tag: string, as = ann) =>
    push(any, { repository, tag, as })
  return { t, ann, pat, rae, sam, boss, opm, any, pushImage }
}

function makeCall({ app }: TestApp, all: readonly Ecosystem[]): Call {
  const fetch = createFetch(app, all, testServerOptions())
  return async (method, path, { as, body, headers = {} } = {}) => {
    const isPlain = typeof body === 'string' || body instanceof Uint8Array
    const request = new Request(`http://127.0.0.1:7080${path}`, {
      method,
      headers: {
        ...(as && { authorization: `Bearer ${as.secret}` }),
        ...(body !== undefined && !isPlain && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: isPlain ? (body as string) : JSON.stringify(body) }),
    })
    const answer = await fetch(request, { remoteAddress: () => '192.0.2.7' })
    const text = await answer.text()
    const isJson = /json/.test(answer.headers.get('content-type') ?? '')
    const parsed: unknown = isJson && text !== '' ? JSON.parse(text) : text
    return { status: answer.status, headers: answer.headers, body: parsed }
  }
}

const TYPE = /^application\/vnd\.open-package-management\.([a-z-]+)\.v1\+json$/
const validators = new Map<string, ValidateFunction>()

/** Registers the schemas that answers are checked against. */
export function useSchemas(schemas: Readonly<Record<string, object>>): void {
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true })
  for (const [kind, schema] of Object.entries(schemas)) validators.set(kind, ajv.compile(schema))
}

function validatorOf(kind: string): ValidateFunction {
  const found = validators.get(kind)
  assert.ok(found, `no schema for ${kind}`)
  return found
}

function checkForm(method: string, path: string, answer: OpmAnswer): void {
  const { status, headers, body } = answer
  const type = headers.get('content-type') ?? ''
  const label = `${method} ${path} → ${status} ${type} ${JSON.stringify(body)}`
  if (status >= 400) {
    assert.equal(type, 'application/problem+json', label)
    if (method === 'HEAD') return
    const problem = body as Record<string, unknown>
    assert.equal(problem.status, status, label)
    assert.equal(typeof problem.detail, 'string', label)
    assert.equal(typeof (problem.error as { code: unknown }).code, 'string', label)
    return
  }
  const kind = TYPE.exec(type)?.[1]
  if (kind === undefined || method === 'HEAD') return
  const validate = validatorOf(kind)
  assert.ok(validate(body), `${label}: ${JSON.stringify(validate.errors)}`)
}

const IMAGE_TYPE = 'application/vnd.oci.image.manifest.v1+json'

async function push(
  any: Call,
  { repository, tag, as }: { repository: string; tag: string; as: Person },
): Promise<PushedImage> {
  const layer = new TextEncoder().encode(`layer of ${repository}:${tag}`)
  const config = new TextEncoder().encode('{}')
  for (const bytes of [layer, config]) {
    const path = `/v2/${repository}/blobs/uploads/?digest=${digestOf(bytes)}`
    const answer = await any('POST', path, { as, body: bytes })
    assert.equal(answer.status, 201, JSON.stringify(answer.body))
  }
  const describe = (bytes: Uint8Array, mediaType: string) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  })
  const manifest = new TextEncoder().encode(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: IMAGE_TYPE,
      config: describe(config, 'application/vnd.oci.image.config.v1+json'),
      layers: [describe(layer, 'application/vnd.oci.image.layer.v1.tar')],
    }),
  )
  const answer = await any('PUT', `/v2/${repository}/manifests/${tag}`, {
    as,
    body: manifest,
    headers: { 'content-type': IMAGE_TYPE },
  })
  assert.equal(answer.status, 201, JSON.stringify(answer.body))
  return describe(manifest, IMAGE_TYPE)
}
