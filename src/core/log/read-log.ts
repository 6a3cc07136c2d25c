import type { App } from '#core/app.ts'
import type { Db, Row } from '#core/db/schema.ts'
import { HASH_BYTES } from './merkle.ts'
import type { ReadTile } from './tiles.ts'

/** What is rendered from the log's state, and ends when the log grows. */
export const LOG_TOPIC = 'log'

/** How far the log is, and what is signed of it. */
export type LogState = Row<'logState'>

/** The published state: every tile that it needs is there. */
export function readLogState(db: Db): Promise<LogState> {
  return db.selectFrom('logState').selectAll().where('id', '=', 1).executeTakeFirstOrThrow()
}

/** Reads tiles as they are stored; throws for hashes that the log does not have. */
export function tileReader(db: Db): ReadTile {
  return async ({ level, number }, width) => {
    const row = await db
      .selectFrom('logTiles')
      .select('hashes')
      .where('level', '=', level)
      .where('number', '=', number)
      .executeTakeFirst()
    const hashes = Buffer.from(row?.hashes ?? '', 'base64')
    if (hashes.length >= width * HASH_BYTES) return hashes
    throw new Error(`the log has no ${width} hashes in tile ${number} of level ${level}`)
  }
}

/** The texts of the entries from one position up to, not including, another. */
export async function readRecords(app: App, from: number, to: number): Promise<string[]> {
  const rows = await app.database.db
    .selectFrom('logEntries')
    .select('record')
    .where('position', '>=', from)
    .where('position', '<', to)
    .orderBy('position')
    .execute()
  return rows.map((row) => row.record)
}
