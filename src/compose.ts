import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openFsBlobs } from '#adapters/fs-blobs.ts'
import { LOG_CHECKPOINT, useDataDir } from '#adapters/fs-data-dir.ts'
import { findLogSeeds } from '#adapters/fs-log-key.ts'
import { fsLogMemory } from '#adapters/fs-log-memory.ts'
import { openGit } from '#adapters/git.ts'
import { guardedPoster } from '#adapters/guarded-poster.ts'
import { openMailer } from '#adapters/mailer.ts'
import { openPostgres } from '#adapters/postgres.ts'
import { countOtherConnections } from '#adapters/postgres-others.ts'
import { postgresRates } from '#adapters/postgres-rates.ts'
import { openSqlite } from '#adapters/sqlite.ts'
import { openSqliteRates } from '#adapters/sqlite-rates.ts'
import type { Config } from '#config.ts'
import type { App, Log } from '#core/app.ts'
import type { BlobStore } from '#core/blobs/store.ts'
import { ReadCache } from '#core/cache/read-cache.ts'
import type { Database } from '#core/db/dialect.ts'
import { migrate } from '#core/db/migrations.ts'
import { RegistryError } from '#core/errors.ts'
import { readLogState } from '#core/log/read-log.ts'
import { allowList } from '#core/webhooks/target.ts'
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
  const use = useDataDir(config.dataDir)
  try {
    const opened = await openRestoredApp(config, log)
    const close = () => opened.close().finally(() => use.release())
    return { ...opened, close }
  } catch (error) {
    use.release()
    throw error
  }
}

/** The same for a restore, which has the data directory for itself. */
export async function openRestoredApp(config: Config, log: Log): Promise<OpenApp> {
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
    mailer: openMailer(config, log),
    git: openGit({ ...config.git, root: join(config.dataDir, 'git'), log }),
    poster: guardedPoster(allowList(config.core.webhookAllow)),
    blobs: await openFsBlobs(config.blobs.root),
    cache: new ReadCache(database.signal, CACHE_BYTES),
    settings: config.core,
    logSeeds: config.logSeeds ?? (await openLogKey(config, database)),
    logMemory: fsLogMemory(join(config.dataDir, LOG_CHECKPOINT)),
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

/** Opens database and blob store for a restore, as they are. Throws while other processes use them. */
export async function openForRestore(
  config: Config,
  log: Log,
): Promise<{ readonly database: Database; readonly blobs: BlobStore }> {
  if (config.database.kind === 'postgres') {
    const others = await countOtherConnections(config.database.url)
    if (others > 0) {
      const message = 'a registry is running on the database: stop every server and command first'
      throw new RegistryError('conflict', message)
    }
  }
  return {
    database: await openDatabase(config, log),
    blobs: await openFsBlobs(config.blobs.root),
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
