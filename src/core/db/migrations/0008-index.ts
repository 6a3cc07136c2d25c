import type { Dialect } from '#core/db/dialect.ts'
import type { Migration } from '#core/db/migration.ts'
import type { Tx } from '#core/db/schema.ts'

/** How names are spelled, how often releases are downloaded, and indices. */
export const indexMigration: Migration = { name: '0008-index', up: createIndex }

async function createIndex(tx: Tx, dialect: Dialect): Promise<void> {
  await tx.schema.alterTable('packages').addColumn('spelling', dialect.text).execute()
  await createDownloads(tx, dialect)
  await createIndices(tx, dialect)
  await createIndexHistory(tx, dialect)
}

/** See core/downloads. */
async function createDownloads(tx: Tx, dialect: Dialect): Promise<void> {
  await dialect
    .createKeyedTable(tx, 'download_totals')
    .addColumn('release_id', 'bigint', (c) =>
      c.notNull().references('releases.id').onDelete('cascade'),
    )
    .addColumn('count', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('download_totals_pk', ['release_id'])
    .execute()
  await dialect
    .createKeyedTable(tx, 'download_days')
    .addColumn('release_id', 'bigint', (c) =>
      c.notNull().references('releases.id').onDelete('cascade'),
    )
    .addColumn('day', 'integer', (c) => c.notNull())
    .addColumn('count', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('download_days_pk', ['release_id', 'day'])
    .execute()
  await tx.schema.createIndex('download_days_by_day').on('download_days').columns(['day']).execute()
  await tx.schema
    .createTable('download_batches')
    .addColumn('id', dialect.text, (c) => c.notNull().primaryKey())
    .addColumn('recorded_at', 'bigint', (c) => c.notNull())
    .execute()
}

/** What is in each index now, and what waits to come in; see core/index. */
async function createIndices(tx: Tx, dialect: Dialect): Promise<void> {
  await tx.schema
    .createTable('index_state')
    .addColumn('ecosystem', dialect.text, (c) => c.primaryKey())
    .addColumn('number', 'bigint', (c) => c.notNull())
    .addColumn('commit_id', dialect.text, (c) => c.notNull())
    .addColumn('facts', dialect.text, (c) => c.notNull())
    .execute()
  await dialect
    .createTable(tx, 'index_changes', 'seq')
    .addColumn('ecosystem', dialect.text, (c) => c.notNull())
    .addColumn('package_id', 'bigint', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute()
  await addIndex(tx, 'index_changes', ['ecosystem', 'seq'])
  await tx.schema
    .createTable('index_files')
    .addColumn('ecosystem', dialect.text, (c) => c.notNull())
    .addColumn('path', dialect.text, (c) => c.notNull())
    .addColumn('folder', dialect.text, (c) => c.notNull())
    .addColumn('package_id', 'bigint')
    .addColumn('blob_id', dialect.text, (c) => c.notNull())
    .addColumn('text', dialect.text, (c) => c.notNull())
    .addPrimaryKeyConstraint('index_files_pk', ['ecosystem', 'path'])
    .execute()
  await addIndex(tx, 'index_files', ['ecosystem', 'package_id'])
  await addIndex(tx, 'index_files', ['ecosystem', 'folder', 'path', 'blob_id'])
  await dialect
    .createKeyedTable(tx, 'index_folders')
    .addColumn('ecosystem', dialect.text, (c) => c.notNull())
    .addColumn('parent', dialect.text, (c) => c.notNull())
    .addColumn('path', dialect.text, (c) => c.notNull())
    .addColumn('tree_id', dialect.text, (c) => c.notNull())
    .addPrimaryKeyConstraint('index_folders_pk', ['ecosystem', 'parent', 'path'])
    .execute()
}

/** How each index came to be what it is. */
async function createIndexHistory(tx: Tx, dialect: Dialect): Promise<void> {
  await tx.schema
    .createTable('index_commits')
    .addColumn('ecosystem', dialect.text, (c) => c.notNull())
    .addColumn('number', 'bigint', (c) => c.notNull())
    .addColumn('commit_id', dialect.text, (c) => c.notNull())
    .addColumn('tree_id', dialect.text, (c) => c.notNull())
    .addColumn('parent_id', dialect.text, (c) => c.notNull())
    .addColumn('message', dialect.text, (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('index_commits_pk', ['ecosystem', 'number'])
    .execute()
  await addIndex(tx, 'index_commits', ['ecosystem', 'commit_id'])
  await tx.schema
    .createTable('index_edits')
    .addColumn('ecosystem', dialect.text, (c) => c.notNull())
    .addColumn('number', 'bigint', (c) => c.notNull())
    .addColumn('path', dialect.text, (c) => c.notNull())
    .addColumn('start', 'bigint', (c) => c.notNull())
    .addColumn('removed', dialect.text, (c) => c.notNull())
    .addColumn('added', dialect.text, (c) => c.notNull())
    .addPrimaryKeyConstraint('index_edits_pk', ['ecosystem', 'number', 'path'])
    .execute()
}

async function addIndex(tx: Tx, table: string, columns: string[]): Promise<void> {
  const name = `${table}_by_${columns.slice(1).join('_')}`
  await tx.schema.createIndex(name).on(table).columns(columns).execute()
}
