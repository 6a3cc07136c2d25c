import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openFsBlobs } from '#adapters/fs-blobs.ts'
import { findLogSeeds } from '#adapters/fs-log-key.ts'
import { openPostgres } from '#adapters/postgres.ts'
import { postgresRates } from '#adapters/postgres-rates.ts'
import { openSqlite } from '#adapters/sqlite.ts'
import { openSqliteRates } from '#adapters/sqlite-rates.ts'
import type { Config } from '#config.ts'
import type { App, Log } from '#core/app.ts'
import { ReadCache } from '#core/cache/read-cache.ts'
import type { Database } from '#core/db/dialect.ts'
import { migrate } from '#core/db/migrations.ts'
import { readLogState } from '#core/log/read-log.ts'
import { ecosystems } from '#ecosystems/index.ts'

const CACHE_BYTES = 64 * 1024 * 1024

/** An app and how to let go of what it holds. */
export interface OpenApp {
  readonly app: App
  /** Migrations applied at this start. */
  readonly migrated: readonly string[]
  close(): Promise<void>
}

/** Opens what the configuration names and brings the schema up to date. */
export async function openApp(config: Config, log: Log): Promise<OpenApp> {
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 })
  const database = await openDatabase(config, log)
  const migrated = await migrate(database.db, database.dialect).catch(async (error: unknown) => {
    await database.close()
    throw error
  })
  const sqliteRates =
    config.database.kind === 'sqlite'
      ? openSqliteRates(join(config.dataDir, 'rates.db'))
      : undefined
  const app: App = {
    database,
    rates: sqliteRates ?? postgresRates(database.db),
    blobs: await openFsBlobs(config.blobs.root),
    cache: new ReadCache(database.signal, CACHE_BYTES),
    settings: config.core,
    logSeeds: config.logSeeds ?? (await openLogKey(config, database)),
    ecosystems,
    clock: () => new Date(),
    log,
  }
  return {
    app,
    migrated,
    async close() {
      sqliteRates?.close()
      await database.close()
    },
  }
}

/** The key in the data directory; a new one only for a log that nobody signed yet. */
async function openLogKey({ dataDir }: Config, { db }: Database): Promise<Uint8Array[]> {
  const { verifierKeys } = await readLogState(db)
  return await findLogSeeds(join(dataDir, 'log.key'), { mayCreate: verifierKeys === '' })
}

function openDatabase({ database }: Config, log: Log): Promise<Database> {
  if (database.kind === 'sqlite') return openSqlite(database.path)
  return openPostgres({
    url: database.url,
    poolSize: database.poolSize,
    onError: (error) => log.warn({ err: error }, 'a database connection was lost'),
  })
}
