import type { App } from '#core/app.ts'
import { change, changed } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { readCheckpoint } from './checkpoint.ts'
import { leafHash, rootHash } from './merkle.ts'
import { LOG_TOPIC } from './read-log.ts'
import { saveTiles } from './save-tiles.ts'
import { appendLeaves, edgeAmong, nodesOf, readAmong, type Tile } from './tiles.ts'

const PAGE_ROWS = 2_048

/**
 * Makes all tiles again from the entries. Nothing is signed: when the entries do not lead to the
 * root that the last checkpoint promised, nothing is changed.
 */
export async function rebuildLog(app: App): Promise<{ readonly size: number }> {
  return await change(app, async (tx) => {
    const { size, checkpoint } = await app.database.dialect
      .lock(tx.selectFrom('logState').selectAll().where('id', '=', 1))
      .executeTakeFirstOrThrow()
    await tx.deleteFrom('logTiles').execute()
    let edge: Tile[] = []
    let done = 0
    while (done < size) {
      const leaves = await readLeaves(tx, done, Math.min(done + PAGE_ROWS, size))
      const tiles = appendLeaves(done, edge, leaves)
      await saveTiles(tx, tiles)
      done += leaves.length
      edge = edgeAmong(done, [...edge, ...tiles])
    }
    const root = await rootHash(nodesOf(readAmong(edge)), size)
    const promised = checkpoint === '' ? root : readCheckpoint(checkpoint).root
    if (Buffer.compare(root, promised) !== 0) throw entriesLost()
    changed(tx, LOG_TOPIC)
    return { size }
  })
}

async function readLeaves(tx: Tx, from: number, to: number) {
  const rows = await tx
    .selectFrom('logEntries')
    .select('record')
    .where('position', '>=', from)
    .where('position', '<', to)
    .orderBy('position')
    .execute()
  if (rows.length < to - from) throw entriesLost()
  return rows.map(({ record }) => leafHash(record))
}

function entriesLost(): RegistryError {
  return new RegistryError('conflict', 'the entries are not those that the checkpoint was made of')
}
