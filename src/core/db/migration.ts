import type { Dialect } from './dialect.ts'
import type { Tx } from './schema.ts'

/** One step of the schema, applied once, in a transaction of its own. */
export interface Migration {
  readonly name: string
  up(tx: Tx, dialect: Dialect): Promise<void>
}
