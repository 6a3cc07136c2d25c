import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openFsBlobs } from '#adapters/fs-blobs.ts'
import { openGit } from '#adapters/git.ts'
import { guardedPoster } from '#adapters/guarded-poster.ts'
import { openPostgres } from '#adapters/postgres.ts'
import { postgresRates } from '#adapters/postgres-rates.ts'
import { openSqlite } from '#adapters/sqlite.ts'
import { openSqliteRates } from '#adapters/sqlite-rates.ts'
import type { Actor } from '#core/access/actor.ts'
import { systemActor } from '#core/access/actor.ts'
import type { App, Log } from '#core/app.ts'
import { ReadCache } from '#core/cache/read-cache.ts'
import { migrate } from '#core/db/migrations.ts'
import type { Settings } from '#core/settings.ts'
import { allowList } from '#core/webhooks/target.ts'
import { ecosystems } from '#ecosystems/index.ts'
import { type TestMailer, testMailer } from './mailer.ts'
import { createTestDatabase } from './postgres.ts'

/** An app on a real, empty database and a real folder, thrown away at the end. */
export interface TestApp {
  readonly app: App
  /** Moves the app's clock. */
  readonly clock: { now: Date; advance(seconds: number): void }
  /** Another process' view: same database and folder, own connections and memory. */
  openTwin(): Promise<App>
  close(): Promise<void>
  readonly dir: string
  /** All mail of the app and its twins. */
  readonly mail: TestMailer
}

const SETTINGS: Settings = {
  publicUrl: 'http://127.0.0.1:7080',
  logOrigin: undefined,
  logWitnesses: [],
  witnessedLogs: [],
  defaultVisibility: 'public',
  claimNamespaces: true,
  allowPrereleases: true,
  maxManifestBytes: 8 * 1024 * 1024,
  maxBlobBytes: 10 * 1024 * 1024 * 1024,
  defaultQuotaBytes: undefined,
  defaultQuotaPackages: undefined,
  gcGraceSeconds: 3600,
  uploadExpirySeconds: 86_400,
  newUsers: 'anybody',
  maxSignInsPerEmail: 10,
  maxSignInsPerAddress: 60,
  signInMailSeconds: 5,
  webhookAllow: [],
  webhookKeys: [],
  docsSites: [],
  indexMirrors: {},
  maxFailedCredentialsPerMinute: 20,
}

/** As a server has it when nothing is set. */
export const GIT = {
  program: 'git',
  searchPath: '/usr/local/bin:/usr/bin:/bin',
  maxProcesses: 16,
  maxSeconds: 60,
}

/** The same for every process of a test. */
const LOG_SEED = new Uint8Array(32).fill(7)

/** Errors and warnings reach the terminal; the rest is dropped. */
const quietLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  // biome-ignore lint/suspicious/noConsole: a test that logs an error should show it.
  error: (fields, message) => console.error(message, fields),
}

/** The local operator, as tests use it to arrange things. */
export const operator: Actor = systemActor('cli')

/** Opens a test app: SQLite, or PostgreSQL when TEST_DATABASE_URL is set. */
export async function openTestApp(settings: Partial<Settings> = {}): Promise<TestApp> {
  const dir = await mkdtemp(join(tmpdir(), 'entrepot-test-'))
  const target = await createTestDatabase()
  const clock = {
    now: new Date('2026-01-01T00:00:00Z'),
    advance(seconds: number) {
      clock.now = new Date(clock.now.getTime() + seconds * 1000)
    },
  }
  const mail = testMailer()
  const closers: Array<() => Promise<unknown> | unknown> = []
  const open = async (): Promise<App> => {
    const database = target
      ? await openPostgres({ url: target.url, poolSize: 8, onError: () => {} })
      : await openSqlite(join(dir, 'entrepot.db'))
    closers.unshift(() => database.close())
    await migrate(database.db, database.dialect)
    const sqliteRates = target ? undefined : openSqliteRates(join(dir, 'rates.db'))
    closers.unshift(() => sqliteRates?.close())
    return {
      database,
      rates: sqliteRates ?? postgresRates(database.db),
      mailer: mail,
      git: openGit({ ...GIT, root: join(dir, 'git'), log: quietLog }),
      poster: guardedPoster(allowList(settings.webhookAllow ?? [])),
      blobs: await openFsBlobs(join(dir, 'blobs')),
      cache: new ReadCache(database.signal, 64 * 1024 * 1024),
      settings: { ...SETTINGS, ...settings },
      logSeeds: [LOG_SEED],
      ecosystems,
      clock: () => clock.now,
      log: quietLog,
    }
  }
  return {
    app: await open(),
    clock,
    dir,
    mail,
    openTwin: open,
    async close() {
      for (const close of closers) await close()
      await target?.drop()
      // Git may still be writing what nobody waits for.
      await rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
    },
  }
}
