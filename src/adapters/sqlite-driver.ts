import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from 'kysely'
import { isSqliteBusy, type openDatabase } from '#runtime/sqlite.ts'

/** An open connection to a SQLite file; every call blocks. */
export type SqliteDatabase = ReturnType<typeof openDatabase>

const MAX_BATCH = 128
const MAX_BATCH_MS = 10
const BUSY_WAIT_MS = 30_000

/**
 * Kysely's driver over one writing and one reading connection.
 *
 * Group commit: transactions that wait for each other share one COMMIT and so one fsync. Each runs
 * in a savepoint of a common write transaction; a transaction is acknowledged only after that COMMIT.
 * One that fails rolls back to its savepoint and takes nobody with it. Reads outside transactions
 * use the other connection and see committed data only.
 */
export class SqliteDriver implements Driver {
  readonly #writer: SqliteDatabase
  readonly #reader: SqliteDatabase
  readonly #turn = new Turn()
  #batch: Batch | undefined

  constructor(writer: SqliteDatabase, reader: SqliteDatabase) {
    this.#writer = writer
    this.#reader = reader
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<Session> {
    return new Session(this.#reader)
  }

  async releaseConnection(): Promise<void> {}

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await this.#turn.take()
    try {
      if (this.#batch === undefined) {
        await beginImmediate(this.#writer)
        this.#batch = new Batch()
      }
      run(this.#writer, 'savepoint change')
    } catch (error) {
      this.#turn.pass()
      throw error
    }
    sessionOf(connection).database = this.#writer
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    const batch = this.#leave(connection)
    try {
      run(this.#writer, 'release change')
    } catch (error) {
      // Kysely rolls back after a failed commit, but our turn is what ends here.
      this.#abandon(error)
      throw error
    }
    batch.size++
    this.#passOrCommit(batch)
    await batch.done
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (sessionOf(connection).database !== this.#writer) return
    const batch = this.#leave(connection)
    try {
      run(this.#writer, 'rollback to change')
      run(this.#writer, 'release change')
    } catch (error) {
      // SQLite gave up the whole transaction by itself (disk full, I/O error).
      this.#abandon(error)
      return
    }
    this.#passOrCommit(batch)
  }

  async destroy(): Promise<void> {
    await this.#turn.take()
    // Whoever waits for the batch to close is still to be acknowledged.
    if (this.#batch) this.#commit(this.#batch)
    this.#writer.close()
    this.#reader.close()
  }

  #leave(connection: DatabaseConnection): Batch {
    sessionOf(connection).database = this.#reader
    if (!this.#batch) throw new Error('no transaction is open')
    return this.#batch
  }

  /** A member is through: the next one joins, or the batch is closed when nobody comes. */
  #passOrCommit(batch: Batch): void {
    if (batch.isFull) {
      this.#commit(batch)
      return
    }
    const isAwaited = this.#turn.isAwaited
    this.#turn.pass()
    // One turn of the event loop: whoever's bytes have just arrived joins as well.
    if (!isAwaited) setImmediate(() => this.#closeIfIdle(batch))
  }

  #closeIfIdle(batch: Batch): void {
    // Otherwise it is committed already, or by the member that is at work now.
    if (this.#batch === batch && this.#turn.takeIfFree()) this.#commit(batch)
  }

  #commit(batch: Batch): void {
    try {
      // Also when every member rolled back: an empty COMMIT writes nothing.
      run(this.#writer, 'commit')
      this.#batch = undefined
      batch.resolve()
      this.#turn.pass()
    } catch (error) {
      this.#abandon(error)
    }
  }

  /** The common transaction is lost: nobody in it was acknowledged, everybody hears why. */
  #abandon(error: unknown): void {
    const batch = this.#batch
    this.#batch = undefined
    try {
      run(this.#writer, 'rollback')
    } catch {
      // SQLite had rolled back already.
    }
    batch?.reject(error)
    this.#turn.pass()
  }
}

/** One query at a time on whichever connection it has now. */
class Session implements DatabaseConnection {
  database: SqliteDatabase

  constructor(database: SqliteDatabase) {
    this.database = database
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const statement = this.database.prepare(query.sql)
    if (statement.reader) return { rows: statement.all(query.parameters) as R[] }
    const { changes, lastInsertRowid } = statement.run(query.parameters)
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
  }

  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('streaming is not supported: page instead')
  }
}

function sessionOf(connection: DatabaseConnection): Session {
  if (connection instanceof Session) return connection
  throw new Error('a connection of another driver')
}

/** As a kept statement: `exec` would make the connection forget all of its statements. */
function run(database: SqliteDatabase, sql: string): void {
  database.prepare(sql).run([])
}

/** Waits for the other process's write without blocking this one's event loop. */
async function beginImmediate(database: SqliteDatabase): Promise<void> {
  const giveUpAt = Date.now() + BUSY_WAIT_MS
  for (let waitMs = 0.5; ; waitMs = Math.min(waitMs * 1.5, 10)) {
    try {
      run(database, 'begin immediate')
      return
    } catch (error) {
      if (!isSqliteBusy(error) || Date.now() > giveUpAt) throw error
      await new Promise((resolve) => setTimeout(resolve, waitMs * (0.5 + Math.random())))
    }
  }
}

class Batch {
  size = 0
  readonly done: Promise<void>
  resolve: () => void = () => {}
  reject: (error: unknown) => void = () => {}
  readonly #openedAt = performance.now()

  constructor() {
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    // Members hear of a failure by awaiting; a batch whose members all rolled back has none.
    this.done.catch(() => {})
  }

  get isFull(): boolean {
    return this.size >= MAX_BATCH || performance.now() - this.#openedAt > MAX_BATCH_MS
  }
}

/** Who may write now: one at a time, in order of asking. */
class Turn {
  #isTaken = false
  readonly #waiting: Array<() => void> = []

  get isAwaited(): boolean {
    return this.#waiting.length > 0
  }

  takeIfFree(): boolean {
    if (this.#isTaken) return false
    this.#isTaken = true
    return true
  }

  async take(): Promise<void> {
    if (this.takeIfFree()) return
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  pass(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#isTaken = false
  }
}
