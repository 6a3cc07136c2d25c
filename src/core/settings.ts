import type { Visibility } from './db/schema.ts'
import type { LogWitness, WitnessedLog } from './log/witnesses.ts'
import type { DocsSite } from './webhooks/configured.ts'

/** What the rules of the registry depend on; config.ts fills it from flags, environment and file. */
export interface Settings {
  /** Base URL that clients see, without a trailing slash. */
  readonly publicUrl: string
  /** What the transparency log calls itself; without it, the host of `publicUrl` and `/log`. */
  readonly logOrigin: string | undefined
  /** Who is asked to cosign the transparency log. */
  readonly logWitnesses: readonly LogWitness[]
  /** Whose logs are cosigned here; one with several keys is there several times. */
  readonly witnessedLogs: readonly WitnessedLog[]
  readonly defaultVisibility: Visibility
  /** Whether a user may take a namespace that nobody has, where a protocol claims by publishing. */
  readonly claimNamespaces: boolean
  /** Whether versions such as 1.0.0-alpha may be published, where a protocol tells them apart. */
  readonly allowPrereleases: boolean
  readonly maxManifestBytes: number
  readonly maxBlobBytes: number
  /** Quotas of a new namespace; undefined is unlimited. */
  readonly defaultQuotaBytes: number | undefined
  readonly defaultQuotaPackages: number | undefined
  /** Nothing that was linked or uploaded more recently than this is collected. */
  readonly gcGraceSeconds: number
  /** An upload nobody touched for this long is given up. */
  readonly uploadExpirySeconds: number
  /** Who gets an account by proving an address that has none. */
  readonly newUsers: 'anybody' | 'invited' | 'nobody'
  /** Mails that start a sign-in, per hour: to one e-mail address, and asked for from one network address. */
  readonly maxSignInsPerEmail: number
  readonly maxSignInsPerAddress: number
  /** How long who signs in waits for the mail server. */
  readonly signInMailSeconds: number
  /** Addresses, networks and hosts that webhooks may reach although they are not public. */
  readonly webhookAllow: readonly string[]
  /** What encrypts the secrets of webhooks, the current one first; empty: they are stored as they are. */
  readonly webhookKeys: readonly Uint8Array[]
  readonly docsSites: readonly DocsSite[]
  /** By ecosystem, the git repository that its index is pushed to. May hold secrets. */
  readonly indexMirrors: Readonly<Record<string, string>>
  /** Failed credential checks per minute and address before 429. */
  readonly maxFailedCredentialsPerMinute: number
}
