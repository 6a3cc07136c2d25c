import type { Context, Hono } from 'hono'
import type { Actor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import type { LogEntry, ReleaseName } from '#core/log/find-entry.ts'
import { type LookedUp, lookup } from '#core/log/lookup.ts'
import { proofFileOf } from '#core/log/make-proof-file.ts'
import { leafHash } from '#core/log/merkle.ts'
import { proveEntry } from '#core/log/prove.ts'
import { readLogState } from '#core/log/read-log.ts'
import type { Env } from '#ecosystems/contract.ts'
import { base64All, TEXT } from './answers.ts'

/**
 * Releases by name: `lookup/{ecosystem}/{name}/{version}` as JSON, the same with `.tlog-proof` behind
 * it as a file, and `lookup/{ecosystem}/{name}@{version}` as Go's clients ask.
 */
export function mountLookups(log: Hono<Env>): void {
  log.get('/lookup/*', async (c) => {
    const path = c.req.path.slice(c.req.path.indexOf('/lookup/') + '/lookup/'.length)
    if (/[^/]@[^/]*$/.test(path)) return await sendGoRecord(c, parseGoPath(path))
    const isFile = path.endsWith(PROOF_FILE)
    const release = parsePath(isFile ? path.slice(0, -PROOF_FILE.length) : path)
    return isFile ? await sendProofFile(c, release) : await sendJson(c, release)
  })
}

const PROOF_FILE = '.tlog-proof'

async function sendJson(c: Context<Env>, release: ReleaseName): Promise<Response> {
  const { app, actor } = c.var
  const { entry, events } = await lookup(app, actor, release)
  const { index, treeSize, proof, checkpoint } = await proveEntry(app, entry.position)
  c.header('cache-control', 'no-store')
  return c.json({
    entry: view(entry),
    index,
    leafHash: Buffer.from(leafHash(entry.record)).toString('base64'),
    treeSize,
    proof: base64All(proof),
    checkpoint,
    events: events.map(view),
  })
}

async function sendProofFile(c: Context<Env>, release: ReleaseName): Promise<Response> {
  const { app, actor } = c.var
  const { entry } = await lookup(app, actor, release)
  const file = await proofFileOf(app, entry)
  return c.body(file, 200, { 'content-type': TEXT, 'cache-control': 'no-store' })
}

/** Number, record, empty line, and a tree that has the record. */
async function sendGoRecord(c: Context<Env>, release: ReleaseName): Promise<Response> {
  const { app, actor } = c.var
  const { entry } = await lookupGo(app, actor, release)
  const { goTree } = await readLogState(app.database.db)
  const body = `${entry.position}\n${entry.record}\n${goTree}`
  return c.body(body, 200, { 'content-type': TEXT, 'cache-control': 'no-store' })
}

/** Go’s versions begin with a `v`; of protocols whose versions do not, it is passed over. */
async function lookupGo(app: App, actor: Actor, release: ReleaseName): Promise<LookedUp> {
  try {
    return await lookup(app, actor, release)
  } catch (error) {
    const isUnknown = error instanceof RegistryError && error.code === 'release_unknown'
    if (!isUnknown || !release.version.startsWith('v')) throw error
    return await lookup(app, actor, { ...release, version: release.version.slice(1) })
  }
}

function view(entry: LogEntry) {
  const { position, event, ecosystem, name, version, digest, record, salt, createdAt } = entry
  return {
    index: position,
    event,
    ecosystem,
    name,
    version: version === '' ? null : version,
    digest: digest === '' ? null : digest,
    record,
    ...(salt !== null && { salt }),
    createdAt: new Date(createdAt).toISOString(),
  }
}

/** The first part is the ecosystem, the last one the version, what is between them the name. */
function parsePath(path: string): ReleaseName {
  const parts = path.split('/').map(decode)
  const [ecosystem = '', ...rest] = parts
  const version = rest.pop() ?? ''
  const name = rest.join('/')
  if (ecosystem !== '' && name !== '' && version !== '') return { ecosystem, name, version }
  throw new RegistryError('not_found', 'look up {ecosystem}/{name}/{version}')
}

/**
 * Go writes upper case as `!x`. Its clients want a dot in the first part of a name: a first part
 * that has one stands for nothing here.
 */
function parseGoPath(path: string): ReleaseName {
  const at = path.lastIndexOf('@')
  const [first = '', ...rest] = unescapeGo(path.slice(0, at)).split('/')
  const version = unescapeGo(path.slice(at + 1))
  return parsePath([...(first.includes('.') ? [] : [first]), ...rest, version].join('/'))
}

function unescapeGo(escaped: string): string {
  return escaped.replace(/!([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new RegistryError('invalid_request', 'the address is not encoded properly')
  }
}
