import type { Visibility } from './db/schema.ts'

/** What the rules of the registry depend on; config.ts fills it from flags, environment and file. */
export interface Settings {
  /** Base URL that clients see, without a trailing slash. */
  readonly publicUrl: string
  readonly defaultVisibility: Visibility
  readonly maxManifestBytes: number
  readonly maxBlobBytes: number
  /** Quotas of a new namespace; undefined is unlimited. */
  readonly defaultQuotaBytes: number | undefined
  readonly defaultQuotaPackages: number | undefined
  /** Nothing that was linked or uploaded more recently than this is collected. */
  readonly gcGraceSeconds: number
  /** An upload nobody touched for this long is given up. */
  readonly uploadExpirySeconds: number
  /** Failed credential checks per minute and address before 429. */
  readonly maxFailedCredentialsPerMinute: number
}
