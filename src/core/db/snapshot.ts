/** A row by its columns, as the database names them. */
export type SnapshotRow = Readonly<Record<string, unknown>>

/** One moment of the whole database, held while it is read, whatever is written meanwhile. */
export interface DatabaseSnapshot {
  /** All rows of a table, some thousands at a time, ordered by a column when one is named. */
  rows(table: string, orderBy?: string): AsyncIterable<readonly SnapshotRow[]>
  /** The last key that an ever-growing table gave away; undefined before the first, and for others. */
  lastKey(table: string): Promise<number | undefined>
  close(): Promise<void>
}

/** Rows to be written as they were read from a snapshot. */
interface RowBatch {
  readonly table: string
  readonly columns: readonly string[]
  /** A JSON array of objects with these columns. */
  readonly json: string
}

/** How rows of a snapshot come into a database of either kind. */
export interface RowLoader {
  /** Tables of which there may be rows. */
  listTables(): Promise<readonly string[]>
  insert(batch: RowBatch): Promise<void>
  /** Goes on after this key, also when its row is gone: keys are never used again. */
  setLastKey(table: string, key: number): Promise<void>
}
