import { sql } from 'kysely'
import type { Dialect } from '#core/db/dialect.ts'
import type { Migration } from '#core/db/migration.ts'
import type { Tx } from '#core/db/schema.ts'
import { newLogEntry } from '#core/log/new-log-entry.ts'

/** The transparency log: what happened, and the projections that make it one. */
export const logMigration: Migration = { name: '0002-log', up: createLog }

const PAGE_ROWS = 500

async function createLog(tx: Tx, dialect: Dialect): Promise<void> {
  await dialect
    .createTable(tx, 'log_entries', 'seq')
    .addColumn('position', 'bigint', (c) => c.unique())
    .addColumn('event', dialect.text, (c) => c.notNull())
    .addColumn('ecosystem', dialect.text, (c) => c.notNull())
    .addColumn('name', dialect.text, (c) => c.notNull())
    .addColumn('version', dialect.text, (c) => c.notNull())
    .addColumn('digest', dialect.text, (c) => c.notNull())
    .addColumn('salt', dialect.text)
    .addColumn('record', dialect.text, (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute()
  await tx.schema
    .createIndex('log_entries_by_name')
    .on('log_entries')
    .columns(['ecosystem', 'name', 'version'])
    .execute()
  await sql`create index log_entries_pending on log_entries (seq) where position is null`.execute(
    tx,
  )
  await tx.schema
    .createTable('log_tiles')
    .addColumn('level', 'integer', (c) => c.notNull())
    .addColumn('number', 'bigint', (c) => c.notNull())
    .addColumn('hashes', dialect.text, (c) => c.notNull())
    .addPrimaryKeyConstraint('log_tiles_pk', ['level', 'number'])
    .execute()
  await tx.schema
    .createTable('log_state')
    .addColumn('id', 'integer', (c) => c.primaryKey())
    .addColumn('size', 'bigint', (c) => c.notNull())
    .addColumn('checkpoint', dialect.text, (c) => c.notNull())
    .addColumn('go_tree', dialect.text, (c) => c.notNull())
    .addColumn('verifier_keys', dialect.text, (c) => c.notNull())
    .execute()
  await tx
    .insertInto('logState')
    .values({ id: 1, size: 0, checkpoint: '', goTree: '', verifierKeys: '' })
    .execute()
  await createWitnessing(tx, dialect)
  await logOldReleases(tx)
}

/** What witnesses signed of this log, and what this registry signed of others as their witness. */
async function createWitnessing(tx: Tx, dialect: Dialect): Promise<void> {
  await tx.schema
    .createTable('log_cosignatures')
    .addColumn('witness', dialect.text, (c) => c.primaryKey())
    .addColumn('name', dialect.text, (c) => c.notNull())
    .addColumn('size', 'bigint', (c) => c.notNull())
    .addColumn('checkpoint', dialect.text, (c) => c.notNull())
    .addColumn('lines', dialect.text, (c) => c.notNull())
    .execute()
  await tx.schema
    .createTable('witnessed_logs')
    .addColumn('origin', dialect.text, (c) => c.primaryKey())
    .addColumn('size', 'bigint', (c) => c.notNull())
    .addColumn('root', dialect.text, (c) => c.notNull())
    .addColumn('checkpoint', dialect.text, (c) => c.notNull())
    .execute()
}

/** Releases that were published before there was a log get their entry now. */
async function logOldReleases(tx: Tx): Promise<void> {
  for (let after = 0; ; ) {
    const releases = await tx
      .selectFrom('releases')
      .innerJoin('packages', 'packages.id', 'releases.packageId')
      .select(['releases.id', 'releases.version', 'releases.digest', 'releases.createdAt'])
      .select(['packages.ecosystem', 'packages.path as name', 'packages.visibility'])
      .where('releases.id', '>', after)
      .orderBy('releases.id')
      .limit(PAGE_ROWS)
      .execute()
    const last = releases.at(-1)
    if (!last) return
    after = last.id
    const rows = releases.map(({ id: _, visibility, createdAt, ...facts }) =>
      newLogEntry({ event: 'publish', ...facts }, visibility, createdAt),
    )
    await tx.insertInto('logEntries').values(rows).execute()
  }
}
