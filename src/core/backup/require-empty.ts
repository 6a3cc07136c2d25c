import { sql } from 'kysely'
import type { Tx } from '#core/db/schema.ts'
import type { RowLoader } from '#core/db/snapshot.ts'
import { RegistryError } from '#core/errors.ts'
import type { Manifest } from './manifest.ts'
import { allTables } from './tables.ts'

/** What migrations and a first start write into a registry that nobody has used. */
const MACHINERY = ['settings', 'schedules', 'jobs', 'changes', 'log_state', 'log_tiles']

/** Throws unless a database is one into which a backup can be restored. */
export async function requireEmpty(
  tx: Tx,
  loader: RowLoader,
  { migrations }: Manifest,
): Promise<void> {
  const there = await loader.listTables()
  for (const name of there) {
    if (!allTables.includes(name) || MACHINERY.includes(name)) continue
    const { rows } = await sql`select 1 from ${sql.id(name)} limit 1`.execute(tx)
    if (rows.length === 0) continue
    const message = `the database is not empty (${name}): a restore needs an empty one`
    throw new RegistryError('conflict', message)
  }
  if (!there.includes('migrations')) return
  const { rows } = await sql<{ name: string }>`select name from migrations`.execute(tx)
  const newer = rows.find(({ name }) => !migrations.includes(name))
  if (!newer) return
  const message = `the database already has migration ${newer.name}, which the backup does not have: a restore needs a new database`
  throw new RegistryError('conflict', message)
}
