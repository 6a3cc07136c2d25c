import { CamelCasePlugin, Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import type { Database, Dialect } from '#core/db/dialect.ts'
import type { Db, Schema } from '#core/db/schema.ts'
import { APPLICATION_NAME } from './postgres-others.ts'
import { postgresSearch } from './postgres-search.ts'
import { listenForChanges } from './postgres-signal.ts'
import { postgresLoader, postgresSnapshot } from './postgres-snapshot.ts'

const CHANNEL = 'entrepot_changes'
const MIGRATION_LOCK = 7_080_001
/** NOTIFY carries at most 8000 bytes. */
const MAX_PAYLOAD_CHARS = 7_000
const INT8 = 20
/** What `pg` says without a code; "not queryable" is the rollback on a connection that just died. */
const UNREACHABLE_MESSAGE =
  /Connection terminated|not queryable|Client was closed|timeout exceeded when trying to connect/

interface PostgresOptions {
  readonly url: string
  readonly poolSize: number
  readonly onError: (error: Error) => void
}

/** Opens a PostgreSQL database (15 or newer); any number of processes may have it open. */
export async function openPostgres(options: PostgresOptions): Promise<Database> {
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: APPLICATION_NAME,
    max: options.poolSize,
    connectionTimeoutMillis: 10_000,
    // Integers beyond 2^53 do not occur: byte counts and milliseconds stay below.
    types: {
      getTypeParser: (oid, format) =>
        oid === INT8 && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format),
    },
  })
  // The pool hangs the whole client on the error: nothing for a log.
  const onError = (error: Error & { client?: unknown }) => {
    delete error.client
    options.onError(error)
  }
  // A killed backend emits more than once (runtime.md 9).
  pool.on('error', onError)
  // The pool listens to idle connections only; one that dies while it is lent to a transaction
  // would end the process. Its query fails, and says so.
  pool.on('connect', (client) => client.on('error', onError))
  const db = new Kysely<Schema>({
    dialect: new PostgresDialect({ pool }),
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
  })
  const signal = await listenForChanges(options.url, CHANNEL, options.onError)
  return {
    db,
    dialect: postgresDialect,
    signal,
    pool: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    snapshot: () => postgresSnapshot(pool),
    check: () => checkWritable(db),
    close: async () => {
      await signal.close()
      await db.destroy()
    },
  }
}

async function checkWritable(db: Db): Promise<void> {
  await db.transaction().execute((tx) => sql`delete from changes where seq < 0`.execute(tx))
}

const postgresDialect: Dialect = {
  kind: 'postgres',
  text: sql`text collate "C"`,
  search: postgresSearch,
  createTable: (tx, name, key = 'id') =>
    tx.schema
      .createTable(name)
      .addColumn(key, 'bigint', (c) => c.primaryKey().generatedByDefaultAsIdentity()),
  createKeyedTable: (tx, name) => tx.schema.createTable(name),
  lockMigrations: async (tx) => {
    await sql`select pg_advisory_xact_lock(${MIGRATION_LOCK})`.execute(tx)
  },
  loader: postgresLoader,
  announce: async (tx, topics) => {
    for (const payload of payloads(topics)) {
      await sql`select pg_notify(${CHANNEL}, ${payload})`.execute(tx)
    }
  },
  claim: (query) => query.forUpdate().skipLocked(),
  // Not FOR UPDATE: that would also block inserts of rows that refer to this one.
  lock: (query) => query.forNoKeyUpdate(),
  // serialization_failure, deadlock_detected; foreign_key_violation is a row that collection took
  // between our look and our reference to it: the next attempt sees that.
  isRetryable: (error) => ['40001', '40P01', '23503'].includes(codeOf(error)),
  // disk_full, out_of_memory and friends: class 53
  isFull: (error) => codeOf(error) === '53100',
  isUnreachable: (error) =>
    /^(08|57P|53300)/.test(codeOf(error)) ||
    ['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT', 'EPIPE'].includes(codeOf(error)) ||
    (error instanceof Error && UNREACHABLE_MESSAGE.test(error.message)),
  isUniqueViolation: (error) => codeOf(error) === '23505',
  isForeignKeyViolation: (error) => codeOf(error) === '23503',
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

/** Topics joined by spaces, in as few messages as fit. */
function payloads(topics: readonly string[]): string[] {
  const messages: string[] = []
  let message = ''
  for (const topic of topics) {
    if (message.length + topic.length > MAX_PAYLOAD_CHARS) {
      messages.push(message)
      message = ''
    }
    message += message === '' ? topic : ` ${topic}`
  }
  return message === '' ? messages : [...messages, message]
}
