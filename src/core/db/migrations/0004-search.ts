import { sql } from 'kysely'
import type { Dialect } from '#core/db/dialect.ts'
import type { Migration } from '#core/db/migration.ts'
import type { Tx } from '#core/db/schema.ts'

/** What search knows of packages: a projection, filled by core/search. */
export const searchMigration: Migration = { name: '0004-search', up: createSearch }

async function createSearch(tx: Tx, dialect: Dialect): Promise<void> {
  await tx.schema
    .createTable('search_documents')
    .addColumn('package_id', 'bigint', (c) =>
      c.primaryKey().references('packages.id').onDelete('cascade'),
    )
    .addColumn('release_id', 'bigint', (c) => c.notNull())
    .addColumn('name_key', dialect.text, (c) => c.notNull())
    .addColumn('words', dialect.text, (c) => c.notNull())
    .addColumn('description', dialect.text, (c) => c.notNull())
    .addColumn('keywords', dialect.text, (c) => c.notNull())
    .addColumn('license', dialect.text, (c) => c.notNull())
    .addColumn('terms_hash', dialect.text, (c) => c.notNull())
    .execute()
  await tx.schema
    .createIndex('search_documents_by_name_key')
    .on('search_documents')
    .columns(['name_key', 'package_id'])
    .execute()
  await sql`create index releases_newest on releases (package_id, id) where yanked_at is null and subject is null`.execute(
    tx,
  )
  await dialect.search.create(tx)
  await indexWhatIsThere(tx)
}

/** A registry older than its search: a worker fills it. */
async function indexWhatIsThere(tx: Tx): Promise<void> {
  const anything = await tx.selectFrom('packages').select('id').limit(1).executeTakeFirst()
  if (!anything) return
  const at = Date.now()
  await sql`insert into jobs (kind, key, payload, state, run_at, attempts, created_at)
    values ('search.rebuild', 'search.rebuild', '{}', 'waiting', ${at}, 0, ${at})`.execute(tx)
}
