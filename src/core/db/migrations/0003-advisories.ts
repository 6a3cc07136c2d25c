import type { Dialect } from '#core/db/dialect.ts'
import type { Migration } from '#core/db/migration.ts'
import type { Tx } from '#core/db/schema.ts'

/** Known vulnerabilities, as documents of OSV, and the packages that they are about. */
export const advisoriesMigration: Migration = { name: '0003-advisories', up: createAdvisories }

async function createAdvisories(tx: Tx, dialect: Dialect): Promise<void> {
  await dialect
    .createTable(tx, 'advisories')
    .addColumn('name', dialect.text, (c) => c.notNull().unique())
    .addColumn('state', dialect.text, (c) => c.notNull())
    .addColumn('document', dialect.text, (c) => c.notNull())
    .addColumn('created_by', dialect.text, (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('modified_at', 'bigint', (c) => c.notNull())
    .addColumn('published_at', 'bigint')
    .addColumn('withdrawn_at', 'bigint')
    .execute()
  await tx.schema
    .createIndex('advisories_by_modified_at')
    .on('advisories')
    .columns(['modified_at', 'id'])
    .execute()
  await tx.schema
    .createTable('advisory_packages')
    .addColumn('advisory_id', 'bigint', (c) =>
      c.notNull().references('advisories.id').onDelete('cascade'),
    )
    .addColumn('ecosystem', dialect.text, (c) => c.notNull())
    .addColumn('name', dialect.text, (c) => c.notNull())
    // No reference: an advisory outlives what it warns of.
    .addColumn('package_id', 'bigint')
    .addColumn('is_private', 'integer', (c) => c.notNull())
    .addPrimaryKeyConstraint('advisory_packages_pk', ['advisory_id', 'ecosystem', 'name'])
    .execute()
  await tx.schema
    .createIndex('advisory_packages_by_name')
    .on('advisory_packages')
    .columns(['ecosystem', 'name'])
    .execute()
}
