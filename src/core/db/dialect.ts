import type { CreateTableBuilder, RawBuilder, SelectQueryBuilder } from 'kysely'
import type { SearchIndex } from '#core/search/search-index.ts'
import type { Db, Tx } from './schema.ts'
import type { DatabaseSnapshot, RowLoader } from './snapshot.ts'

/** The few things that the two databases say differently. Implemented in adapters. */
export interface Dialect {
  readonly kind: 'sqlite' | 'postgres'
  /** Text that compares byte by byte, whatever the database's locale. */
  readonly text: 'text' | RawBuilder<unknown>
  readonly search: SearchIndex
  /** A table with an ever-growing integer key, never reused. */
  createTable(tx: Tx, name: string, key?: string): CreateTableBuilder<string, string>
  /** A table whose rows are found by their whole primary key, kept once, in its order. */
  createKeyedTable(tx: Tx, name: string): CreateTableBuilder<string, string>
  /** Lets one process migrate at a time; held until the transaction ends. */
  lockMigrations(tx: Tx): Promise<void>
  /** Writes rows of a snapshot, in this transaction. */
  loader(tx: Tx): RowLoader
  /** Tells other processes, on commit, that what they cached under a topic is stale. */
  announce(tx: Tx, topics: readonly string[]): Promise<void>
  /** Locks the selected rows until the transaction ends, skipping rows locked by others. */
  claim<DB, TB extends keyof DB, O>(
    query: SelectQueryBuilder<DB, TB, O>,
  ): SelectQueryBuilder<DB, TB, O>
  /** Locks the selected rows until the transaction ends, waiting for others. */
  lock<DB, TB extends keyof DB, O>(
    query: SelectQueryBuilder<DB, TB, O>,
  ): SelectQueryBuilder<DB, TB, O>
  /** True for a failure that trying the whole transaction again may cure (deadlock, serialization). */
  isRetryable(error: unknown): boolean
  /** True when the database could not write for want of space. */
  isFull(error: unknown): boolean
  /** True when the database could not be reached. */
  isUnreachable(error: unknown): boolean
  /** True when another row holds the same unique key. */
  isUniqueViolation(error: unknown): boolean
  /** True when a row that is pointed at would vanish, or one that is missing would be pointed at. */
  isForeignKeyViolation(error: unknown): boolean
}

/** Hears what other processes changed. */
export interface ChangeSignal {
  /**
   * Called before every read from memory. Returns the topics that other processes changed since
   * the last call ('all' when that cannot be told). Costs microseconds and no I/O when nothing did.
   */
  poll(): readonly string[] | 'all'
  /** False while changes may be missed: nothing may be served from memory. */
  readonly isTrusted: boolean
}

/** An opened database, of whichever kind. */
export interface Database {
  readonly db: Db
  readonly dialect: Dialect
  readonly signal: ChangeSignal
  /** How many connections there are, for databases that pool them. */
  readonly pool?: () => { readonly total: number; readonly idle: number; readonly waiting: number }
  /** Holds this moment of the whole database, to be read table by table. */
  snapshot(): Promise<DatabaseSnapshot>
  /** Throws unless the database answers and can be written. */
  check(): Promise<void>
  close(): Promise<void>
}
