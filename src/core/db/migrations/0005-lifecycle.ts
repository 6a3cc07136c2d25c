import { sql } from 'kysely'
import type { Dialect } from '#core/db/dialect.ts'
import type { Migration } from '#core/db/migration.ts'
import type { Tx } from '#core/db/schema.ts'

/** What happens to releases and packages after they were published. */
export const lifecycleMigration: Migration = { name: '0005-lifecycle', up: createLifecycle }

async function createLifecycle(tx: Tx, dialect: Dialect): Promise<void> {
  await addNotes(tx, dialect)
  await createBurntVersions(tx, dialect)
  await createTransfers(tx, dialect)
}

/** One column per statement: SQLite takes no more. */
async function addNotes(tx: Tx, dialect: Dialect): Promise<void> {
  const { schema } = tx
  await schema.alterTable('releases').addColumn('yank_reason', dialect.text).execute()
  await schema.alterTable('releases').addColumn('removed_at', 'bigint').execute()
  for (const table of ['releases', 'packages']) {
    await schema.alterTable(table).addColumn('deprecation', dialect.text).execute()
    await schema.alterTable(table).addColumn('deprecated_at', 'bigint').execute()
  }
}

/** Outlives its package: a name that comes again must not bring the number back. */
async function createBurntVersions(tx: Tx, dialect: Dialect): Promise<void> {
  await tx.schema
    .createTable('burnt_versions')
    .addColumn('ecosystem', dialect.text, (c) => c.notNull())
    .addColumn('path', dialect.text, (c) => c.notNull())
    .addColumn('version', dialect.text, (c) => c.notNull())
    .addColumn('digest', dialect.text, (c) => c.notNull())
    .addColumn('removed_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('burnt_versions_pk', ['ecosystem', 'path', 'version'])
    .execute()
}

async function createTransfers(tx: Tx, dialect: Dialect): Promise<void> {
  await dialect
    .createTable(tx, 'transfers')
    .addColumn('package_id', 'bigint', (c) =>
      c.notNull().references('packages.id').onDelete('cascade'),
    )
    .addColumn('ecosystem', dialect.text, (c) => c.notNull())
    .addColumn('from_namespace_id', 'bigint', (c) =>
      c.notNull().references('namespaces.id').onDelete('cascade'),
    )
    .addColumn('from_project', dialect.text, (c) => c.notNull())
    .addColumn('from_path', dialect.text, (c) => c.notNull())
    .addColumn('key', dialect.text, (c) => c.notNull())
    .addColumn('to_namespace_id', 'bigint', (c) =>
      c.references('namespaces.id').onDelete('cascade'),
    )
    .addColumn('to_user_id', 'bigint', (c) => c.references('users.id').onDelete('cascade'))
    .addColumn('to_path', dialect.text)
    .addColumn('status', dialect.text, (c) => c.notNull())
    .addColumn('created_by', dialect.text, (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addColumn('decided_by', dialect.text)
    .addColumn('decided_at', 'bigint')
    .execute()
  // One offer at a time, whatever the race.
  await sql`create unique index transfers_pending on transfers (package_id) where status = 'pending'`.execute(
    tx,
  )
  for (const columns of [
    ['package_id'],
    ['ecosystem', 'from_path'],
    ['from_namespace_id'],
    ['to_namespace_id'],
    ['to_user_id'],
  ]) {
    await tx.schema
      .createIndex(`transfers_by_${columns.join('_')}`)
      .on('transfers')
      .columns(columns)
      .execute()
  }
}
