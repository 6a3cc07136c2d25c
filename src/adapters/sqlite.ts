import {
  CamelCasePlugin,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from 'kysely'
import type { ChangeSignal, Database, Dialect } from '#core/db/dialect.ts'
import type { Db, Schema } from '#core/db/schema.ts'
import {
  isDiskFull,
  isForeignKeyViolation,
  isSqliteBusy,
  isUniqueViolation,
  openDatabase,
} from '#runtime/sqlite.ts'
import { type SqliteDatabase, SqliteDriver } from './sqlite-driver.ts'
import { sqliteSearch } from './sqlite-search.ts'
import { sqliteLoader, sqliteSnapshot } from './sqlite-snapshot.ts'

/** How many changes are kept for processes that look rarely; beyond that they forget everything. */
const KEPT_CHANGES = 10_000

/** Opens one SQLite file; several processes may have it open. */
export async function openSqlite(path: string): Promise<Database> {
  const writer = await configure(openDatabase(path))
  const reader = await configure(openDatabase(path))
  // A write outside a transaction is a bug: let the database refuse it.
  reader.exec('pragma query_only = on')
  const db = new Kysely<Schema>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new SqliteDriver(writer, reader),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
  })
  return {
    db,
    dialect: sqliteDialect,
    signal: new SqliteSignal(reader),
    snapshot: async () => sqliteSnapshot(path),
    check: () => checkWritable(db),
    close: () => db.destroy(),
  }
}

async function configure(database: SqliteDatabase): Promise<SqliteDatabase> {
  // Zero: the driver waits itself, without blocking the event loop.
  database.exec('pragma busy_timeout = 0')
  // Two processes that switch a new file to WAL at once collide: the loser tries again.
  for (let attempt = 0; ; attempt++) {
    try {
      database.exec('pragma journal_mode = wal')
      break
    } catch (error) {
      if (attempt >= 200 || !isSqliteBusy(error)) throw error
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }
  database.exec('pragma synchronous = full')
  database.exec('pragma foreign_keys = on')
  database.exec('pragma cache_size = -65536')
  // A page that changes often is written back once per checkpoint: 16 MB of log between them.
  database.exec('pragma wal_autocheckpoint = 4000')
  return database
}

async function checkWritable(db: Db): Promise<void> {
  await db.transaction().execute((tx) => sql`delete from changes where seq < 0`.execute(tx))
}

const sqliteDialect: Dialect = {
  kind: 'sqlite',
  text: 'text',
  search: sqliteSearch,
  createTable: (tx, name, key = 'id') =>
    tx.schema.createTable(name).addColumn(key, 'integer', (c) => c.primaryKey().autoIncrement()),
  createKeyedTable: (tx, name) => tx.schema.createTable(name).modifyEnd(sql`without rowid`),
  // A write transaction already excludes every other.
  lockMigrations: async () => {},
  loader: sqliteLoader,
  announce: async (tx, topics) => {
    const at = Date.now()
    const { insertId } = await tx
      .insertInto('changes')
      .values(topics.map((topic) => ({ topic, at })))
      .executeTakeFirstOrThrow()
    const last = Number(insertId ?? 0)
    if (last % 1000 < topics.length) {
      await tx
        .deleteFrom('changes')
        .where('seq', '<', last - KEPT_CHANGES)
        .execute()
    }
  },
  claim: (query) => query,
  lock: (query) => query,
  isRetryable: (error) => isSqliteBusy(error),
  isFull: isDiskFull,
  isUnreachable: () => false,
  isUniqueViolation,
  isForeignKeyViolation,
}

/** Sees commits of others by `data_version`, then reads what they changed. */
class SqliteSignal implements ChangeSignal {
  readonly isTrusted = true
  readonly #reader: SqliteDatabase
  #version = -1
  #seq = -1

  constructor(reader: SqliteDatabase) {
    this.#reader = reader
  }

  poll(): readonly string[] | 'all' {
    const [row] = this.#reader.prepare('pragma data_version').all([])
    const version = Number(row?.data_version)
    if (version === this.#version) return []
    const isFirst = this.#version === -1
    this.#version = version
    return isFirst || this.#seq === -1 ? this.#start() : this.#news()
  }

  #start(): 'all' {
    const [row] = this.#reader
      .prepare("select name from sqlite_master where name = 'changes'")
      .all([])
    if (row) {
      const [last] = this.#reader.prepare('select max(seq) as seq from changes').all([])
      this.#seq = Number(last?.seq ?? 0)
    }
    return 'all'
  }

  #news(): readonly string[] | 'all' {
    const rows = this.#reader
      .prepare('select seq, topic from changes where seq > ? order by seq limit 1000')
      .all([this.#seq])
    const first = Number(rows[0]?.seq ?? this.#seq + 1)
    // A gap means that changes were pruned before they were seen here.
    if (first !== this.#seq + 1 || rows.length === 1000) return this.#start()
    this.#seq += rows.length
    return rows.map((row) => String(row.topic))
  }
}
