import assert from 'node:assert/strict'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { addMember } from '#core/namespaces/members/add-member.ts'
import type { Settings } from '#core/settings.ts'
import { ecosystems } from '#ecosystems/index.ts'
import { createFetch, type ServerOptions } from '#http/server.ts'
import { type Person, person } from './actors.ts'
import { openTestApp, operator, type TestApp } from './app.ts'
import { archiveOf, rawEntry } from './raw-tar.ts'
import { testServerOptions } from './served.ts'

/** What came back: `body` is the parsed JSON, or the text. */
export interface ElbaAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
  readonly bytes: Uint8Array
}

/** What is sent besides method and path. */
interface ElbaCall {
  readonly as?: Person
  /** Sent as JSON; bytes as they are. */
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

/** A package to be. */
export interface ElbaDraft {
  readonly name: string
  readonly version: string
  /** More lines of `[package]`. */
  readonly about?: string
  /** More tables. */
  readonly tables?: string
  /** More files, or others instead. */
  readonly files?: Readonly<Record<string, string | Uint8Array | undefined>>
}

/** A registry with people: ann is admin and pat publisher of `acme`, sam a stranger, boss an operator. */
export interface ElbaWorld {
  readonly t: TestApp
  readonly ann: Person
  readonly pat: Person
  readonly sam: Person
  readonly boss: Person
  /** Paths below `/elba/api/v1`; every failure is checked for its form. */
  elba(method: string, path: string, more?: ElbaCall): Promise<ElbaAnswer>
  /** The same of any URL of the registry. */
  call(method: string, url: string, more?: ElbaCall): Promise<ElbaAnswer>
  /** Publishes as the client does; `as` is ann. */
  publish(draft: ElbaDraft, as?: Person): Promise<ElbaAnswer>
}

/** Opens one; close it with `t.close()`. */
export async function openElbaWorld(
  settings: Partial<Settings> = {},
  options: Partial<ServerOptions> = {},
): Promise<ElbaWorld> {
  const t = await openTestApp(settings)
  const { app } = t
  const ann = await person(app, 'ann')
  const pat = await person(app, 'pat')
  const sam = await person(app, 'sam')
  const boss = await person(app, 'boss', { isOperator: true })
  await createNamespace(app, operator, { name: 'acme', owner: 'ann' })
  await addMember(app, operator, 'acme', { user: 'pat', role: 'publisher' })
  const fetch = createFetch(app, ecosystems, testServerOptions(options))
  const call: ElbaWorld['call'] = async (method, url, more = {}) => {
    const answer = await fetch(requestOf(url, method, more), { remoteAddress: () => '192.0.2.7' })
    return await readElbaAnswer(answer, `${method} ${url}`)
  }
  const elba: ElbaWorld['elba'] = (method, path, more) =>
    call(method, `http://127.0.0.1:7080/elba/api/v1${path}`, more)
  const publish: ElbaWorld['publish'] = (draft, as = ann) =>
    elba('PUT', `/packages/${draft.name}/${draft.version}/publish?token=${as.secret}`, {
      body: packElba(draft),
    })
  return { t, ann, pat, sam, boss, call, elba, publish }
}

/** A request with JSON, or bytes. */
function requestOf(url: string, method: string, { as, body, headers }: ElbaCall): Request {
  const isPlain = typeof body === 'string' || body instanceof Uint8Array || body instanceof FormData
  return new Request(url, {
    method,
    headers: { ...(as && { authorization: `Bearer ${as.secret}` }), ...headers },
    ...(body !== undefined && { body: isPlain ? (body as string) : JSON.stringify(body) }),
  })
}

/** Reads an answer; a failure must have the protocol's form. */
export async function readElbaAnswer(answer: Response, label: string): Promise<ElbaAnswer> {
  const { status, headers } = answer
  const bytes = new Uint8Array(await answer.arrayBuffer())
  const text = new TextDecoder().decode(bytes)
  const isJson = headers.get('content-type') === 'application/json'
  const body: unknown = isJson && text !== '' ? JSON.parse(text) : text
  if (status >= 400 && text !== '') {
    assert.deepEqual(Object.keys(body as object), ['error', 'description'], `${label}: ${text}`)
    const { error, description } = body as { error: unknown; description: unknown }
    assert.equal(typeof error, 'string', `${label}: ${status} ${text}`)
    assert.equal(typeof description, 'string', `${label}: ${status} ${text}`)
    if (status === 401) assert.ok(headers.get('www-authenticate'), label)
    if (status === 405) assert.ok(headers.get('allow'), label)
  }
  return { status, headers, body, bytes }
}

/** The manifest of a draft. */
export function elbaManifest({ name, version, about = '', tables = '' }: ElbaDraft): string {
  return `[package]
name = "${name}"
version = "${version}"
authors = ["Ann <ann@example.org>"]
${about}
${tables}
[targets.lib]
mods = ["A.B"]
`
}

/** The files of a draft as the old client packs them: GNU headers, no top folder. */
export function packElba(draft: ElbaDraft): Uint8Array {
  const files = {
    'elba.toml': elbaManifest(draft),
    'src/A/B.idr': `module A.B\n-- ${draft.name} ${draft.version}\n`,
    ...draft.files,
  }
  const entries = Object.entries(files).flatMap(([name, body]) =>
    body === undefined ? [] : [rawEntry({ name, body, magic: 'ustar  \0' })],
  )
  return archiveOf(...entries)
}

/** Status and tag of a failure, for short tables. */
export function tagOf({ status, body }: ElbaAnswer): [number, unknown] {
  return [status, (body as { error?: unknown }).error]
}
