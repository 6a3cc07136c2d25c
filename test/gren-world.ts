import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { addMember } from '#core/namespaces/members/add-member.ts'
import type { Settings } from '#core/settings.ts'
import { ecosystems } from '#ecosystems/index.ts'
import { createFetch, type ServerOptions } from '#http/server.ts'
import { type Person, person } from './actors.ts'
import { openTestApp, operator, type TestApp } from './app.ts'
import { type GrenDraft, makeBundle } from './gren-packages.ts'
import { testServerOptions, UNLIMITED_RATES } from './served.ts'

/** What came back: `body` is the parsed JSON, or the text. */
export interface GrenAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
  readonly bytes: Uint8Array
}

/** What is sent besides method and path. */
interface GrenCall {
  readonly as?: Person
  /** Sent as JSON; bytes, text and forms as they are. */
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

/**
 * A registry with people: ann is admin, pat publisher and rae reader of `acme`, sam a stranger with
 * `samco`, boss an operator. `gren-lang` is ann's too.
 */
export interface GrenWorld {
  readonly t: TestApp
  readonly ann: Person
  readonly pat: Person
  readonly rae: Person
  readonly sam: Person
  readonly boss: Person
  /** Paths below `/gren`; every failure is checked for its form. */
  gren(method: string, path: string, more?: GrenCall): Promise<GrenAnswer>
  /** Publishes a draft, or other bytes in its place; `as` is ann. */
  publish(draft: GrenDraft, as?: Person, bytes?: Uint8Array): Promise<GrenAnswer>
  /** Everything that a publish can leave behind. */
  traces(): Promise<object>
}

/** Opens one; close it with `t.close()`. */
export async function openGrenWorld(
  settings: Partial<Settings> = {},
  options: Partial<ServerOptions> = {},
): Promise<GrenWorld> {
  const t = await openTestApp(settings)
  const { app } = t
  const ann = await person(app, 'ann')
  const pat = await person(app, 'pat')
  const rae = await person(app, 'rae')
  const sam = await person(app, 'sam')
  const boss = await person(app, 'boss', { isOperator: true })
  await createNamespace(app, operator, { name: 'acme', owner: 'ann' })
  await createNamespace(app, operator, { name: 'gren-lang', owner: 'ann' })
  await createNamespace(app, operator, { name: 'samco', owner: 'sam' })
  await addMember(app, operator, 'acme', { user: 'pat', role: 'publisher' })
  await addMember(app, operator, 'acme', { user: 'rae', role: 'reader' })
  const fetch = createFetch(
    app,
    ecosystems,
    testServerOptions({ rates: UNLIMITED_RATES, ...options }),
  )
  const gren: GrenWorld['gren'] = async (method, path, more = {}) => {
    const request = requestOf(`http://127.0.0.1:7080/gren${path}`, method, more)
    const answer = await fetch(request, { remoteAddress: () => '192.0.2.7' })
    return await readGrenAnswer(answer, `${method} ${path}`)
  }
  return {
    t,
    ann,
    pat,
    rae,
    sam,
    boss,
    gren,
    publish: (draft, as = ann, bytes = makeBundle(draft)) =>
      gren('PUT', `/package/${draft.name}/${draft.version}`, { as, body: bytes }),
    traces: () => tracesOf(t),
  }
}

function requestOf(url: string, method: string, { as, body, headers }: GrenCall): Request {
  const isPlain = typeof body === 'string' || body instanceof Uint8Array || body instanceof FormData
  return new Request(url, {
    method,
    headers: { ...(as && { authorization: `Bearer ${as.secret}` }), ...headers },
    ...(body !== undefined && { body: isPlain ? (body as string) : JSON.stringify(body) }),
  })
}

/** Reads an answer; a failure must have the protocol's form. */
export async function readGrenAnswer(answer: Response, label: string): Promise<GrenAnswer> {
  const { status, headers } = answer
  const bytes = new Uint8Array(await answer.arrayBuffer())
  const text = new TextDecoder().decode(bytes)
  const isJson = headers.get('content-type') === 'application/json'
  const body: unknown = isJson && text !== '' ? JSON.parse(text) : text
  if (status >= 400) {
    const { message, problems } = body as { message: unknown; problems?: unknown }
    assert.equal(typeof message, 'string', `${label}: ${status} ${text}`)
    assert.equal(Array.isArray(problems), status === 422, `${label}: ${status} ${text}`)
    if (status === 401) assert.ok(headers.get('www-authenticate'), label)
    if (status === 405) assert.ok(headers.get('allow'), label)
  }
  return { status, headers, body, bytes }
}

async function tracesOf({ app, dir }: TestApp): Promise<object> {
  const { db } = app.database
  const count = async (
    table:
      | 'namespaces'
      | 'packages'
      | 'releases'
      | 'releaseDependencies'
      | 'blobs'
      | 'packageBlobs'
      | 'logEntries',
  ) => {
    const { count } = await db
      .selectFrom(table)
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
    return Number(count)
  }
  const files = await readdir(join(dir, 'blobs'), { recursive: true, withFileTypes: true })
  return {
    namespaces: await count('namespaces'),
    packages: await count('packages'),
    releases: await count('releases'),
    dependencies: await count('releaseDependencies'),
    blobs: await count('blobs'),
    links: await count('packageBlobs'),
    logged: await count('logEntries'),
    files: files.filter((one) => one.isFile()).length,
  }
}
