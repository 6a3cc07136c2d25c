import type { BlobStore } from './blobs/store.ts'
import type { ReadCache } from './cache/read-cache.ts'
import type { Database } from './db/dialect.ts'
import type { EcosystemRules } from './ecosystem.ts'
import type { Git } from './git/git.ts'
import type { RateCounter } from './limits/rate-counter.ts'
import type { LogMemory } from './log/log-memory.ts'
import type { Mailer } from './mail/mailer.ts'
import type { Settings } from './settings.ts'
import type { Poster } from './webhooks/poster.ts'

/** The logger's face: fields first, then the message, as in pino. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** What the process owns: built once in compose.ts, passed to every verb. */
export interface App {
  readonly database: Database
  readonly blobs: BlobStore
  readonly cache: ReadCache
  readonly rates: RateCounter
  readonly mailer: Mailer
  readonly git: Git
  /** Posts to the targets of webhooks. */
  readonly poster: Poster
  readonly settings: Settings
  /** Private keys of the transparency log, the current one first; empty: this process cannot sign. */
  readonly logSeeds: readonly Uint8Array[]
  /** What this machine knows to have been signed of the log; without it nothing is compared. */
  readonly logMemory?: LogMemory
  readonly ecosystems: readonly EcosystemRules[]
  readonly clock: () => Date
  readonly log: Log
}

/** Milliseconds since 1970, by the app's clock. */
export function now(app: App): number {
  return app.clock().getTime()
}
