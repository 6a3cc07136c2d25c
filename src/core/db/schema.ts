import type { Kysely, Selectable, Transaction } from 'kysely'
import type { ContentTables } from './tables/content.ts'
import type { IndexTables } from './tables/index.ts'
import type { LogTables } from './tables/log.ts'
import type { PeopleTables } from './tables/people.ts'
import type { ServiceTables } from './tables/service.ts'

export type { Json, Millis, Role, Visibility } from './columns.ts'

/** One row type per table; column names are snake_case in the database. See ARCHITECTURE.md, "The words". */
export interface Schema
  extends PeopleTables,
    ContentTables,
    LogTables,
    IndexTables,
    ServiceTables {}

export type Db = Kysely<Schema>
export type Tx = Transaction<Schema>
export type Row<T extends keyof Schema> = Selectable<Schema[T]>
