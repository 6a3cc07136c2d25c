import type { Dialect } from '#core/db/dialect.ts'
import type { Migration } from '#core/db/migration.ts'
import type { Tx } from '#core/db/schema.ts'

/** Who depends on what, names that look alike on disk, and the newest packages of an ecosystem. */
export const dependentsMigration: Migration = { name: '0009-dependents', up }

async function up(tx: Tx, dialect: Dialect): Promise<void> {
  await dialect
    .createKeyedTable(tx, 'release_dependencies')
    .addColumn('release_id', 'bigint', (c) =>
      c.notNull().references('releases.id').onDelete('cascade'),
    )
    .addColumn('ecosystem', dialect.text, (c) => c.notNull())
    .addColumn('path', dialect.text, (c) => c.notNull())
    .addColumn('requirement', dialect.text, (c) => c.notNull())
    .addPrimaryKeyConstraint('release_dependencies_pk', ['release_id', 'path'])
    .execute()
  await tx.schema
    .createIndex('release_dependencies_by_path')
    .on('release_dependencies')
    .columns(['ecosystem', 'path', 'release_id'])
    .execute()
  await tx.schema.alterTable('packages').addColumn('folded_path', dialect.text).execute()
  // Nulls are all different: only ecosystems that fold names are held to it.
  await tx.schema
    .createIndex('packages_folded')
    .unique()
    .on('packages')
    .columns(['ecosystem', 'folded_path'])
    .execute()
  await tx.schema
    .createIndex('packages_by_updated_at')
    .on('packages')
    .columns(['ecosystem', 'updated_at'])
    .execute()
}
