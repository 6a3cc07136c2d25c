import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf } from '#core/blobs/digest.ts'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { addMember } from '#core/namespaces/members/add-member.ts'
import type { Settings } from '#core/settings.ts'
import { ecosystems } from '#ecosystems/index.ts'
import { formatLock, type LockEntry } from '#ecosystems/ori/lock.ts'
import { packPackage } from '#ecosystems/ori/pack.ts'
import { createFetch, type ServerOptions } from '#http/server.ts'
import { type Person, person } from './actors.ts'
import { openTestApp, operator, type TestApp } from './app.ts'
import { testServerOptions, UNLIMITED_RATES } from './served.ts'

/** What came back: `body` is the parsed JSON, or the bytes. */
interface OriAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
  readonly bytes: Uint8Array
}

/** What is sent besides method and path. */
interface OriCall {
  readonly as?: Person
  /** Sent as JSON; bytes and forms as they are. */
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

/** A package to be. */
export interface Draft {
  readonly name: string
  readonly version: string
  /** More lines of `[project]`. */
  readonly project?: string
  /** More tables. */
  readonly tables?: string
  /** What it needs, pinned and locked. */
  readonly needs?: readonly LockEntry[]
  /** More files, or others instead. */
  readonly files?: Readonly<Record<string, string | undefined>>
}

/**
 * A registry with people: ann is admin, pat publisher and rae reader of `acme`, sam a stranger with
 * `samco`, boss an operator.
 */
export interface OriWorld {
  readonly t: TestApp
  readonly ann: Person
  readonly pat: Person
  readonly rae: Person
  readonly sam: Person
  readonly boss: Person
  /** Paths below `/ori/v1`; every failure is checked for its form. */
  ori(method: string, path: string, more?: OriCall): Promise<OriAnswer>
  /** Publishes under the name and version that the draft says; `as` is ann. */
  publish(draft: Draft, as?: Person): Promise<OriAnswer>
  /** Everything that a publish can leave behind. */
  traces(): Promise<object>
}

/** Opens one; close it with `t.close()`. */
export async function openOriWorld(
  settings: Partial<Settings> = {},
  options: Partial<ServerOptions> = {},
): Promise<OriWorld> {
  const t = await openTestApp(settings)
  const { app } = t
  const ann = await person(app, 'ann')
  const pat = await person(app, 'pat')
  const rae = await person(app, 'rae')
  const sam = await person(app, 'sam')
  const boss = await person(app, 'boss', { isOperator: true })
  await createNamespace(app, operator, { name: 'acme', owner: 'ann' })
  await createNamespace(app, operator, { name: 'samco', owner: 'sam' })
  await addMember(app, operator, 'acme', { user: 'pat', role: 'publisher' })
  await addMember(app, operator, 'acme', { user: 'rae', role: 'reader' })
  const fetch = createFetch(
    app,
    ecosystems,
    testServerOptions({ rates: UNLIMITED_RATES, ...options }),
  )
  const ori: OriWorld['ori'] = async (method, path, more = {}) => {
    const request = requestOf(`http://127.0.0.1:7080/ori/v1${path}`, method, more)
    const answer = await fetch(request, { remoteAddress: () => '192.0.2.7' })
    return await readAnswer(answer, `${method} ${path}`)
  }
  return {
    t,
    ann,
    pat,
    rae,
    sam,
    boss,
    ori,
    publish: (draft, as = ann) =>
      ori('POST', `/packages/${draft.name}/publish`, { as, body: formOf(pack(draft)) }),
    traces: () => tracesOf(t),
  }
}

/** A request with JSON, a form, or bytes. */
function requestOf(url: string, method: string, { as, body, headers }: OriCall): Request {
  const isPlain = typeof body === 'string' || body instanceof Uint8Array || body instanceof FormData
  return new Request(url, {
    method,
    headers: { ...(as && { authorization: `Bearer ${as.secret}` }), ...headers },
    ...(body !== undefined && { body: isPlain ? (body as string) : JSON.stringify(body) }),
  })
}

/** Reads an answer; a failure must have the protocol's form. */
export async function readAnswer(answer: Response, label: string): Promise<OriAnswer> {
  const { status, headers } = answer
  const bytes = new Uint8Array(await answer.arrayBuffer())
  const text = new TextDecoder().decode(bytes)
  const isJson = /[/+]json$/.test(headers.get('content-type') ?? '')
  const body: unknown = isJson && text !== '' ? JSON.parse(text) : text
  if (status >= 400) {
    const { error } = body as { error: { code: unknown; message: unknown } }
    assert.equal(typeof error.code, 'string', `${label}: ${status} ${text}`)
    assert.equal(typeof error.message, 'string', `${label}: ${status} ${text}`)
    if (status === 401) assert.ok(headers.get('www-authenticate'), label)
    if (status === 405) assert.ok(headers.get('allow'), label)
  }
  return { status, headers, body, bytes }
}

/** A form with an archive. */
export function formOf(archive: Uint8Array, more: Record<string, string> = {}): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(more)) form.set(name, value)
  form.set('archive', new Blob([archive as Uint8Array<ArrayBuffer>]), 'x.oripk')
  return form
}

/** The files of a draft, and their archive. */
export function pack(draft: Draft): Uint8Array {
  const { name, version, project = '', tables = '', needs = [], files = {} } = draft
  const lines = needs.map((one) => `"${one.name}" = "${one.version}"\n`).join('')
  const manifest = `[project]
name = "${name}"
version = "${version}"
ori = "0.5.0"
description = "The ${name} package"
${project}
[dependencies]
${lines}
${tables}`
  const all = {
    'oripk.toml': manifest,
    'oripk.lock': formatLock(needs),
    'src/lib.ori': `// ${name} ${version}\n`,
    ...files,
  }
  const kept = Object.entries(all).flatMap(([path, text]) =>
    text === undefined ? [] : [{ path, bytes: new TextEncoder().encode(text) }],
  )
  return packPackage(kept)
}

/** The lock entry of a draft that was published. */
export function lockOf(draft: Draft): LockEntry {
  return { name: draft.name, version: draft.version, checksum: digestOf(pack(draft)) }
}

async function tracesOf({ app, dir }: TestApp): Promise<object> {
  const { db } = app.database
  const count = async (
    table: 'namespaces' | 'packages' | 'releases' | 'blobs' | 'packageBlobs' | 'logEntries',
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
    blobs: await count('blobs'),
    links: await count('packageBlobs'),
    logged: await count('logEntries'),
    files: files.filter((one) => one.isFile()).length,
  }
}
