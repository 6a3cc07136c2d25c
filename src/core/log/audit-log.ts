import { parseEntryBundle } from './bundles.ts'
import { type Checkpoint, openCheckpoint } from './checkpoint.ts'
import { HASH_BYTES, leafHash, rootHash } from './merkle.ts'
import { LogError, openNote, type Verifier } from './note.ts'
import { isSignedBy } from './quorum.ts'
import { tilePath } from './tile-path.ts'
import { appendLeaves, edgeAmong, nodesOf, readAmong, TILE_WIDTH, type Tile } from './tiles.ts'
import type { TrustedLog } from './verify-release.ts'

/** What to audit, and with what. */
export interface LogAudit extends TrustedLog {
  /** Gets a file of the log, by its path below the log's address. */
  readonly get: (path: string) => Promise<Uint8Array>
  /** A checkpoint of the same log from an earlier time, signed. */
  readonly remembered?: string | undefined
  /** Who must have cosigned the log, not necessarily all of it yet. */
  readonly witnesses?: readonly Verifier[]
  /** How many of them; all, unless set. */
  readonly needed?: number | undefined
  readonly onProgress?: (done: number, total: number) => void
}

/** What an audit found right. */
export interface AuditedLog {
  readonly tree: Checkpoint
  readonly note: string
  /** How many entries each witness cosigned, in the order asked for; undefined where none did. */
  readonly cosigned: ReadonlyArray<number | undefined>
}

/** A tree that the log must begin with, and how to call it. */
interface KnownTree {
  readonly tree: Checkpoint
  readonly which: string
}

/**
 * Audits a log from outside: makes the whole tree from its entries, and compares every tile, the
 * signed root, and what was remembered. Gives the checkpoint to remember. Throws `LogError` for
 * whatever is wrong; memory stays flat.
 */
export async function auditLog(audit: LogAudit): Promise<AuditedLog> {
  const { get, origin, verifiers, remembered, witnesses = [] } = audit
  // What was cosigned first: the log may grow meanwhile.
  const cosigned = await cosignedTrees(audit, witnesses)
  const note = Buffer.from(await get('checkpoint')).toString()
  const tree = openCheckpoint(note, origin, verifiers)
  const known = cosigned.filter((one) => one !== undefined)
  if (remembered !== undefined) {
    const old = openCheckpoint(remembered, origin, verifiers)
    known.push({ tree: old, which: 'the one that was remembered' })
  }
  const largest = Math.max(0, ...known.map((one) => one.tree.size))
  if (largest > tree.size) {
    throw new LogError(`the log had ${largest} entries and has ${tree.size} now`)
  }
  let edge: Tile[] = []
  for (let size = 0; ; ) {
    for (const old of known) {
      if (old.tree.size === size) await requireRoot(edge, old.tree, old.which)
    }
    if (size === tree.size) break
    // Stops where a known tree ended, to look at its root.
    const end = Math.min(tree.size, (Math.floor(size / TILE_WIDTH) + 1) * TILE_WIDTH)
    const stops = known.map((one) => one.tree.size).filter((stop) => stop > size)
    const next = Math.min(end, ...stops)
    const leaves = (await readEntries(get, size, end)).slice(0, next - size).map(leafHash)
    const tiles = appendLeaves(size, edge, leaves)
    size = next
    await checkTiles(
      get,
      tiles.filter(({ hashes }) => hashes.length === TILE_WIDTH * HASH_BYTES),
    )
    edge = edgeAmong(size, [...edge, ...tiles])
    audit.onProgress?.(size, tree.size)
  }
  await checkTiles(get, edge)
  await requireRoot(edge, tree, 'the signed one')
  return { tree, note, cosigned: cosigned.map((one) => one?.tree.size) }
}

/** What each witness cosigned. A witness may be missing if enough others are there. */
async function cosignedTrees(
  audit: LogAudit,
  witnesses: readonly Verifier[],
): Promise<Array<KnownTree | undefined>> {
  const { needed = witnesses.length } = audit
  const trees = await Promise.all(witnesses.map((witness) => cosignedTree(audit, witness)))
  const missing = witnesses.filter((_, at) => trees[at] === undefined)
  const found = trees.length - missing.length
  if (found >= needed) return trees
  const names = missing.map(({ name }) => name).join(', nor one that ')
  const count = needed === trees.length ? '' : `, and ${needed} witnesses have to, not ${found}`
  throw new LogError(`it shows no checkpoint that ${names} cosigned${count}`)
}

/** The newest tree that a witness cosigned: mostly the log's present one. */
async function cosignedTree(
  { get, origin, verifiers }: LogAudit,
  witness: Verifier,
): Promise<KnownTree | undefined> {
  const { name } = witness
  const current = Buffer.from(await get('checkpoint')).toString()
  const isCurrent = isSignedBy(current, witness)
  const note = isCurrent ? current : await findCosigned(get, name)
  // Of another key that has the witness' name, nothing is known.
  if (note === undefined || !isSignedBy(note, witness)) return undefined
  const tree = openCheckpoint(note, origin, verifiers)
  openNote(note, [witness])
  return { tree, which: `the one that ${name} cosigned` }
}

async function findCosigned(get: LogAudit['get'], name: string): Promise<string | undefined> {
  const path = `checkpoint/cosigned?by=${encodeURIComponent(name)}`
  return await get(path).then(
    (bytes) => Buffer.from(bytes).toString(),
    () => undefined,
  )
}

/** The entries of one bundle, from `from` on. */
async function readEntries(get: LogAudit['get'], from: number, end: number): Promise<Uint8Array[]> {
  const number = Math.floor(from / TILE_WIDTH)
  const width = end - number * TILE_WIDTH
  const path = tilePath({ kind: 'entries', level: 0, number, width })
  const entries = parseEntryBundle(await get(path))
  if (entries.length === width) return entries.slice(from - number * TILE_WIDTH)
  throw new LogError(`${path} has ${entries.length} entries instead of ${width}`)
}

async function checkTiles(get: LogAudit['get'], tiles: readonly Tile[]): Promise<void> {
  for (const { level, number, hashes } of tiles) {
    const width = hashes.length / HASH_BYTES
    const path = tilePath({ kind: 'hashes', level, number, width })
    if (Buffer.compare(await get(path), hashes) === 0) continue
    throw new LogError(`${path} is not made of the log’s entries`)
  }
}

async function requireRoot(
  edge: readonly Tile[],
  { size, root }: Checkpoint,
  which: string,
): Promise<void> {
  const found = await rootHash(nodesOf(readAmong(edge)), size)
  if (Buffer.compare(found, root) === 0) return
  throw new LogError(`the root of the first ${size} entries is not ${which}: the log was changed`)
}
