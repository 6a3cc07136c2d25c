import { sql } from 'kysely'
import type { Dialect } from './dialect.ts'
import type { Migration } from './migration.ts'
import { coreMigration } from './migrations/0001-core.ts'
import { logMigration } from './migrations/0002-log.ts'
import { advisoriesMigration } from './migrations/0003-advisories.ts'
import { searchMigration } from './migrations/0004-search.ts'
import { lifecycleMigration } from './migrations/0005-lifecycle.ts'
import { signInMigration } from './migrations/0006-sign-in.ts'
import { webhooksMigration } from './migrations/0007-webhooks.ts'
import { indexMigration } from './migrations/0008-index.ts'
import { dependentsMigration } from './migrations/0009-dependents.ts'
import type { Db } from './schema.ts'

/** Forward only, in this order; never edit one that was released. */
const MIGRATIONS: readonly Migration[] = [
  coreMigration,
  logMigration,
  advisoriesMigration,
  searchMigration,
  lifecycleMigration,
  signInMigration,
  webhooksMigration,
  indexMigration,
  dependentsMigration,
]

/** The schema of this version, step by step. */
export const migrationNames: readonly string[] = MIGRATIONS.map(({ name }) => name)

/**
 * Brings the schema up to date, or only as far as `only` names; returns the names of the migrations
 * that were applied now.
 */
export async function migrate(
  db: Db,
  dialect: Dialect,
  only: readonly string[] = migrationNames,
): Promise<string[]> {
  const applied: string[] = []
  for (const migration of MIGRATIONS.filter(({ name }) => only.includes(name))) {
    const ran = await db.transaction().execute(async (tx) => {
      await dialect.lockMigrations(tx)
      await sql`create table if not exists migrations (name text primary key, applied_at bigint not null)`.execute(
        tx,
      )
      const { rows } = await sql<{ name: string }>`select name from migrations`.execute(tx)
      refuseNewerSchema(rows.map((row) => row.name))
      if (rows.some((row) => row.name === migration.name)) return false
      await migration.up(tx, dialect)
      await sql`insert into migrations (name, applied_at) values (${migration.name}, ${Date.now()})`.execute(
        tx,
      )
      return true
    })
    if (ran) applied.push(migration.name)
  }
  return applied
}

function refuseNewerSchema(names: readonly string[]): void {
  const unknown = names.find((name) => !MIGRATIONS.some((migration) => migration.name === name))
  if (unknown !== undefined) {
    throw new Error(
      `the database has migration ${unknown}, which this version does not know: run a newer entrepot`,
    )
  }
}
