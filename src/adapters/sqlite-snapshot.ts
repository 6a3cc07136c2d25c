import { sql } from 'kysely'
import type { Tx } from '#core/db/schema.ts'
import type { DatabaseSnapshot, RowLoader, SnapshotRow } from '#core/db/snapshot.ts'
import { openDatabase } from '#runtime/sqlite.ts'

const BATCH_ROWS = 2_000

/** A read transaction on a connection of its own. The WAL grows while it is held, nobody waits. */
export function sqliteSnapshot(path: string): DatabaseSnapshot {
  const database = openDatabase(path, { readonly: true })
  database.exec('begin')
  // A transaction sees the moment of its first read.
  const hasSequences =
    database.prepare("select name from sqlite_master where name = 'sqlite_sequence'").all([])
      .length > 0
  return {
    async *rows(table, orderBy) {
      const order = orderBy === undefined ? '' : ` order by ${quoted(orderBy)}`
      let batch: SnapshotRow[] = []
      const statement = database.prepare(`select * from ${quoted(table)}${order}`)
      for (const row of statement.iterate([])) {
        batch.push(row)
        if (batch.length < BATCH_ROWS) continue
        yield batch
        batch = []
      }
      if (batch.length > 0) yield batch
    },
    async lastKey(table) {
      if (!hasSequences) return undefined
      const [row] = database.prepare('select seq from sqlite_sequence where name = ?').all([table])
      return row === undefined ? undefined : Number(row.seq)
    },
    async close() {
      database.exec('rollback')
      database.close()
    },
  }
}

/** SQLite takes the batch apart itself: one statement, one parameter. */
export function sqliteLoader(tx: Tx): RowLoader {
  return {
    async listTables() {
      const { rows } = await sql<{ name: string }>`
        select name from sqlite_master where type = 'table'`.execute(tx)
      return rows.map(({ name }) => name)
    },
    async insert({ table, columns, json }) {
      const names = sql.join(columns.map((column) => sql.id(column)))
      const values = sql.join(columns.map((column) => sql`value ->> ${sql.lit(`$.${column}`)}`))
      await sql`insert into ${sql.id(table)} (${names}) select ${values} from json_each(${json})`.execute(
        tx,
      )
    },
    async setLastKey(table, key) {
      const { rows } = await sql`select seq from sqlite_sequence where name = ${table}`.execute(tx)
      if (rows.length === 0) {
        await sql`insert into sqlite_sequence (name, seq) values (${table}, ${key})`.execute(tx)
      } else {
        await sql`update sqlite_sequence set seq = max(seq, ${key}) where name = ${table}`.execute(
          tx,
        )
      }
    },
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
