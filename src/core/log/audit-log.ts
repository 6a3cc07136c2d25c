import { parseEntryBundle } from './bundles.ts'
import { type Checkpoint, openCheckpoint } from './checkpoint.ts'
import { HASH_BYTES, leafHash, rootHash } from './merkle.ts'
import { LogError } from './note.ts'
import { tilePath } from './tile-path.ts'
import { appendLeaves, edgeAmong, nodesOf, readAmong, TILE_WIDTH, type Tile } from './tiles.ts'
import type { TrustedLog } from './verify-release.ts'

/** What to audit, and with what. */
export interface LogAudit extends TrustedLog {
  /** Gets a file of the log, by its path below the log's address. */
  readonly get: (path: string) => Promise<Uint8Array>
  /** A checkpoint of the same log from an earlier time, signed. */
  readonly remembered?: string | undefined
  readonly onProgress?: (done: number, total: number) => void
}

/**
 * Audits a log from outside: makes the whole tree from its entries, and compares every tile, the
 * signed root, and what was remembered. Gives the checkpoint to remember. Throws `LogError` for
 * whatever is wrong; memory stays flat.
 */
export async function auditLog(
  audit: LogAudit,
): Promise<{ readonly tree: Checkpoint; readonly note: string }> {
  const { get, origin, verifiers, remembered } = audit
  const note = Buffer.from(await get('checkpoint')).toString()
  const tree = openCheckpoint(note, origin, verifiers)
  const old = remembered === undefined ? undefined : openCheckpoint(remembered, origin, verifiers)
  if (old && old.size > tree.size) {
    throw new LogError(`the log had ${old.size} entries and has ${tree.size} now`)
  }
  let edge: Tile[] = []
  for (let size = 0; ; ) {
    if (old?.size === size) await requireRoot(edge, old, 'the one that was remembered')
    if (size === tree.size) break
    // Stops where the remembered tree ended, to look at its root.
    const end = Math.min(tree.size, (Math.floor(size / TILE_WIDTH) + 1) * TILE_WIDTH)
    const next = old && size < old.size ? Math.min(end, old.size) : end
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
  return { tree, note }
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
