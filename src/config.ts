import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { MailTransport } from '#config/mail-values.ts'
import {
  type ECOSYSTEM_SETTINGS,
  ecosystemKey,
  type SETTINGS,
  type ValueOf,
} from '#config/settings.ts'
import { type ConfigSources, type Resolved, resolveSettings } from '#config/sources.ts'
import type { DatabaseLocation, Listen } from '#config/values.ts'
import type { Settings } from '#core/settings.ts'

/** The kinds of request that are counted apart. */
export type RateClass = 'credential' | 'write' | 'read'

/** Requests per minute; 0 is unlimited. */
export interface Rate {
  readonly anonymous: number
  readonly authenticated: number
}

/** Rates by class: the general ones, and per ecosystem what the operator set differently. */
export interface Rates {
  readonly general: Readonly<Record<RateClass, Rate>>
  readonly ecosystems: Readonly<Record<string, Readonly<Record<RateClass, Partial<Rate>>>>>
}

/** What one request, connection or process may take up. */
export interface Limits {
  readonly maxManifestBytes: number
  readonly maxBlobBytes: number
  /** Of requests that carry neither manifest nor blob. */
  readonly maxBodyBytes: number
  readonly maxHeaderBytes: number
  readonly requestTimeoutSeconds: number
  readonly maxConnectionsPerAddress: number
  readonly maxConcurrentUploads: number
  readonly shutdownGraceSeconds: number
}

/** How one process serves, in types; made once, by loadConfig. */
export interface Config {
  readonly listen: Listen
  /** Absolute, as every path here. */
  readonly dataDir: string
  readonly publicUrl: string
  /** Nobody set it: with port 0 it is only right after `urlOfListen` of the bound port. */
  readonly publicUrlIsDerived: boolean
  readonly database:
    | { readonly kind: 'sqlite'; readonly path: string }
    | { readonly kind: 'postgres'; readonly url: string; readonly poolSize: number }
  readonly blobs: { readonly kind: 'fs'; readonly root: string }
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** Ecosystem id → hosts at whose root it is mounted, in lower case. */
  readonly hosts: Readonly<Record<string, readonly string[]>>
  /** Addresses and networks (CIDR) whose X-Forwarded-* are believed. */
  readonly trustedProxies: readonly string[]
  /** An origin `*` allows all. */
  readonly cors: { readonly origins: readonly string[]; readonly maxAgeSeconds: number }
  /** /metrics asks for it; undefined leaves /metrics open. */
  readonly metricsToken: string | undefined
  /** Private keys of the transparency log; undefined: the one in the data directory. */
  readonly logSeeds: readonly Uint8Array[] | undefined
  readonly mail: {
    /** undefined: messages are written to files. */
    readonly transport: MailTransport | undefined
    readonly from: string
    readonly timeoutSeconds: number
  }
  readonly git: {
    readonly program: string
    /** PATH, for git itself and for what it calls. */
    readonly searchPath: string
    readonly maxProcesses: number
    readonly maxSeconds: number
  }
  readonly limits: Limits
  readonly rates: Rates
  readonly gc: {
    readonly graceSeconds: number
    readonly uploadExpirySeconds: number
    /** 0: only by hand. */
    readonly intervalSeconds: number
  }
  readonly defaultVisibility: Settings['defaultVisibility']
  /** What the verbs see of all this. */
  readonly core: Settings
}

/** The configuration cannot be used; holds everything that is wrong with it, no secrets. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(['The configuration is not usable:', ...problems].join('\n  '))
    this.problems = problems
  }
}

/** A setting as `entrepot config` shows it. */
export interface SettingDescription {
  readonly key: string
  /** As text, secrets masked; undefined when nothing applies. */
  readonly value: string | undefined
  readonly source: string
  readonly doc: string
}

type Key = keyof typeof SETTINGS
type EcosystemKey = keyof typeof ECOSYSTEM_SETTINGS
type Get = <K extends Key>(key: K) => ValueOf<(typeof SETTINGS)[K]>
type GetOf = <K extends EcosystemKey>(
  ecosystem: string,
  key: K,
) => ValueOf<(typeof ECOSYSTEM_SETTINGS)[K]>

/** The sources of this process. */
export function processSources(
  flags: ConfigSources['flags'],
  ecosystems: readonly string[],
): ConfigSources {
  return { env: environment(), flags, cwd: process.cwd(), readFile, ecosystems }
}

/** The environment, for the client commands and the launcher; the server's settings are loadConfig's. */
export function environment(): Readonly<Record<string, string | undefined>> {
  // biome-ignore lint/style/noProcessEnv: this file is the only reader of the environment
  return process.env
}

/** The whole configuration; throws one ConfigError for everything that is wrong. */
export function loadConfig(sources: ConfigSources): Config {
  const resolved = resolveRight(sources)
  const read = (key: string): unknown => resolved.settings.get(key)?.value
  // The table says which type each key's parser gives; a Map cannot.
  const get = read as Get
  const getOf = ((id: string, key: string) => read(ecosystemKey(id, key))) as GetOf
  const core = { ...coreSettings(get), indexMirrors: indexMirrors(sources, getOf) }
  return {
    listen: get('listen'),
    dataDir: resolve(sources.cwd, get('data')),
    publicUrl: core.publicUrl,
    publicUrlIsDerived: resolved.settings.get('public_url')?.source === 'default',
    database: databaseConfig(get('database.url'), get('database.pool_size'), sources.cwd),
    blobs: { kind: 'fs', root: resolve(sources.cwd, get('blobs')) },
    logLevel: get('log.level'),
    hosts: perEcosystem(sources, (id) => getOf(id, 'hosts') ?? []),
    trustedProxies: get('trusted_proxies') ?? [],
    cors: { origins: get('cors.origins') ?? [], maxAgeSeconds: get('cors.max_age') },
    metricsToken: get('metrics.token'),
    logSeeds: get('log.key'),
    mail: {
      transport: get('mail.url'),
      from: get('mail.from'),
      timeoutSeconds: get('mail.timeout'),
    },
    git: {
      program: get('git.program'),
      searchPath: sources.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
      maxProcesses: get('git.max_processes'),
      maxSeconds: get('git.timeout'),
    },
    limits: limits(get),
    rates: { general: generalRates(get), ecosystems: perEcosystem(sources, ownRates(getOf)) },
    gc: {
      graceSeconds: core.gcGraceSeconds,
      uploadExpirySeconds: core.uploadExpirySeconds,
      intervalSeconds: get('gc.interval'),
    },
    defaultVisibility: core.defaultVisibility,
    core,
  }
}

/** Every setting, its value and where that came from; throws what loadConfig throws. */
export function describeConfig(sources: ConfigSources): readonly SettingDescription[] {
  return [...resolveRight(sources).settings.values()].map(({ setting, text, source }) => ({
    key: setting.key,
    value: text !== undefined && setting.mask ? setting.mask(text) : text,
    source,
    doc: setting.doc,
  }))
}

function resolveRight(sources: ConfigSources): Resolved {
  const resolved = resolveSettings(sources)
  const problems = [...resolved.problems, ...sharedHosts(resolved)]
  if (problems.length > 0) throw new ConfigError(problems)
  return resolved
}

/** One host has one root, so two protocols cannot both have it. */
function sharedHosts({ settings }: Resolved): readonly string[] {
  const owners = new Map<string, string>()
  const problems: string[] = []
  for (const [key, { value, source }] of settings) {
    if (!key.startsWith('hosts.') || !Array.isArray(value)) continue
    for (const host of value) {
      const owner = owners.get(host) ?? key
      owners.set(host, owner)
      if (owner === key) continue
      problems.push(
        `${key}: "${host}" from ${source}: ${owner} has this host already: expected another`,
      )
    }
  }
  return problems
}

function databaseConfig(location: DatabaseLocation, poolSize: number, cwd: string) {
  return location.kind === 'sqlite'
    ? { kind: location.kind, path: resolve(cwd, location.path) }
    : { ...location, poolSize }
}

function coreSettings(get: Get): Omit<Settings, 'indexMirrors'> {
  return {
    publicUrl: get('public_url'),
    logOrigin: get('log.origin'),
    logWitnesses: get('log.witnesses') ?? [],
    witnessedLogs: get('witness.logs') ?? [],
    defaultVisibility: get('default_visibility'),
    claimNamespaces: get('publish.claim_namespaces') === 'yes',
    allowPrereleases: get('publish.prereleases') === 'yes',
    maxManifestBytes: get('limits.max_manifest'),
    maxBlobBytes: get('limits.max_blob'),
    defaultQuotaBytes: get('quotas.max_storage'),
    defaultQuotaPackages: get('quotas.max_packages'),
    gcGraceSeconds: get('gc.grace'),
    uploadExpirySeconds: get('gc.upload_expiry'),
    newUsers: get('accounts.new_users'),
    maxSignInsPerEmail: get('limits.sign_ins_per_email'),
    maxSignInsPerAddress: get('limits.sign_ins_per_address'),
    signInMailSeconds: get('mail.sign_in_wait'),
    webhookAllow: get('webhooks.allow') ?? [],
    webhookKeys: get('webhooks.key') ?? [],
    docsSites: get('webhooks.docs_sites') ?? [],
    maxFailedCredentialsPerMinute: get('limits.max_failed_credentials'),
  }
}

function indexMirrors({ ecosystems }: ConfigSources, getOf: GetOf): Settings['indexMirrors'] {
  const mirrors = ecosystems.flatMap((id) => {
    const url = getOf(id, 'index_mirror')
    return url === undefined ? [] : [[id, url] as const]
  })
  return Object.fromEntries(mirrors)
}

function limits(get: Get): Limits {
  return {
    maxManifestBytes: get('limits.max_manifest'),
    maxBlobBytes: get('limits.max_blob'),
    maxBodyBytes: get('limits.max_body'),
    maxHeaderBytes: get('limits.max_headers'),
    requestTimeoutSeconds: get('limits.request_timeout'),
    maxConnectionsPerAddress: get('limits.max_connections_per_address'),
    maxConcurrentUploads: get('limits.max_concurrent_uploads'),
    shutdownGraceSeconds: get('limits.shutdown_grace'),
  }
}

function generalRates(get: Get): Rates['general'] {
  const rate = (kind: RateClass) => ({
    anonymous: get(`rates.${kind}.anonymous`),
    authenticated: get(`rates.${kind}.authenticated`),
  })
  return { credential: rate('credential'), write: rate('write'), read: rate('read') }
}

function ownRates(getOf: GetOf) {
  return (id: string): Readonly<Record<RateClass, Partial<Rate>>> => {
    const rate = (kind: RateClass): Partial<Rate> => {
      const anonymous = getOf(id, `rates.${kind}.anonymous`)
      const authenticated = getOf(id, `rates.${kind}.authenticated`)
      return {
        ...(anonymous === undefined ? {} : { anonymous }),
        ...(authenticated === undefined ? {} : { authenticated }),
      }
    }
    return { credential: rate('credential'), write: rate('write'), read: rate('read') }
  }
}

function perEcosystem<T>({ ecosystems }: ConfigSources, of: (id: string) => T): Record<string, T> {
  return Object.fromEntries(ecosystems.map((id) => [id, of(id)]))
}

function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
