import { sql } from 'kysely'
import type pg from 'pg'
import type { Tx } from '#core/db/schema.ts'
import type { DatabaseSnapshot, RowLoader, SnapshotRow } from '#core/db/snapshot.ts'

const BATCH_ROWS = 2_000

/** One repeatable-read transaction on a connection of its own, read through a cursor. */
export async function postgresSnapshot(pool: pg.Pool): Promise<DatabaseSnapshot> {
  const client = await pool.connect()
  try {
    await client.query('begin isolation level repeatable read read only')
    // A transaction sees the moment of its first query.
    await client.query('select 1 from migrations limit 1')
  } catch (error) {
    client.release(true)
    throw error
  }
  return {
    async *rows(table, orderBy) {
      const order = orderBy === undefined ? '' : ` order by ${client.escapeIdentifier(orderBy)}`
      const query = `select * from ${client.escapeIdentifier(table)}${order}`
      await client.query(`declare snapshot_rows no scroll cursor for ${query}`)
      for (;;) {
        const { rows } = await client.query<SnapshotRow>(`fetch ${BATCH_ROWS} from snapshot_rows`)
        if (rows.length === 0) break
        yield rows
      }
      await client.query('close snapshot_rows')
    },
    async lastKey(table) {
      const sequence = await client.query<{ name: string }>(
        `select pg_get_serial_sequence(quote_ident(table_name), column_name) as name
         from information_schema.columns
         where table_schema = current_schema() and table_name = $1 and is_identity = 'YES'`,
        [table],
      )
      const name = sequence.rows[0]?.name
      if (name === undefined) return undefined
      const { rows } = await client.query<{ last: number; isUsed: boolean }>(
        `select last_value as last, is_called as "isUsed" from ${name}`,
      )
      return rows[0]?.isUsed ? rows[0].last : undefined
    },
    async close() {
      try {
        await client.query('rollback')
        client.release()
      } catch (error) {
        client.release(error instanceof Error ? error : true)
      }
    },
  }
}

/** PostgreSQL takes the batch apart itself, by the types of the table. */
export function postgresLoader(tx: Tx): RowLoader {
  return {
    async listTables() {
      const { rows } = await sql<{ name: string }>`
        select tablename as name from pg_tables where schemaname = current_schema()`.execute(tx)
      return rows.map(({ name }) => name)
    },
    async insert({ table, columns, json }) {
      const names = sql.join(columns.map((column) => sql.id(column)))
      await sql`insert into ${sql.id(table)} (${names})
        select ${names} from json_populate_recordset(null::${sql.id(table)}, ${json}::json)`.execute(
        tx,
      )
    },
    async setLastKey(table, key) {
      const { rows } = await sql<{ name: string }>`
        select column_name as name from information_schema.columns
        where table_schema = current_schema() and table_name = ${table} and is_identity = 'YES'`.execute(
        tx,
      )
      const column = rows[0]?.name
      if (column === undefined) return
      await sql`select setval(pg_get_serial_sequence(quote_ident(${table}), ${column}), ${key})`.execute(
        tx,
      )
    },
  }
}
