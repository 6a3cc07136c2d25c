import { isIP } from 'node:net'
import { mailAddress, mailTransport, maskMailUrl } from './mail-values.ts'
import {
  blobLocation,
  choice,
  count,
  databaseUrl,
  duration,
  gitRemote,
  hostNames,
  type Kind,
  listenAddress,
  logName,
  logSeeds,
  logWitnesses,
  maskDatabaseUrl,
  maskGitRemote,
  networks,
  origin,
  origins,
  path,
  secretText,
  size,
  urlOfListen,
  witnessedLogs,
} from './values.ts'
import { docsSites, reachable } from './webhook-values.ts'

/** One setting of the server. Its key in the table is its path in the file. */
export interface Setting<T> {
  /** What it is, in which unit; one line. */
  readonly doc: string
  readonly kind: Kind<T>
  /** As an operator would write it; absent, `derive` or `unset` says what applies. */
  readonly default?: string
  /** Makes the default of the texts of other settings. */
  readonly derive?: (text: (key: string) => string) => string
  /** What it means that nothing was set, or what `derive` does, in words. */
  readonly unset?: string
  readonly flag?: string
  /** How a secret may be shown; secrets are also read from `*_FILE` and never quoted in an error. */
  readonly mask?: (text: string) => string
  /** Cannot be set in the file. */
  readonly notInFile?: true
}

/** A setting in its place. */
export interface NamedSetting extends Setting<unknown> {
  readonly key: string
  readonly env: string
}

/** The value of a setting; what has neither default nor derivation may be undefined. */
export type ValueOf<S> =
  S extends Setting<infer T>
    ? S extends { default: string } | { derive: unknown }
      ? NonNullable<T>
      : T | undefined
    : never

const DAY = 86_400
const RATE = count(0, 1_000_000_000)
const AS_GENERAL = 'what the protocol’s specification names, else the general rate'

/** Every setting that the server has once. Order is the order of the documentation. */
export const SETTINGS = {
  config: {
    kind: path,
    doc: 'The configuration file (TOML).',
    unset: '`./entrepot.toml`, when it exists',
    flag: '--config',
    notInFile: true,
  },
  listen: {
    kind: listenAddress,
    doc: 'Address and port that the server listens on.',
    default: '127.0.0.1:7080',
    flag: '--listen',
  },
  public_url: {
    kind: origin,
    doc: 'Address that clients see; links, token realms and uploads are made of it.',
    derive: (text) => derivePublicUrl(text('listen')),
    unset: '`http://` and the listen address',
    flag: '--public-url',
  },
  data: {
    kind: path,
    doc: 'Directory for everything that has no place of its own.',
    default: './data',
    flag: '--data',
  },
  blobs: {
    kind: blobLocation,
    doc: 'Where the bytes of packages are kept: a directory or file:// URL.',
    derive: (text) => `${text('data')}/blobs`,
    unset: '`blobs` in the data directory',
    flag: '--blobs',
  },
  default_visibility: {
    kind: choice('private', 'public'),
    doc: 'Who may read a package whose publisher did not say: its namespace’s members, or everybody.',
    default: 'public',
  },
  'publish.claim_namespaces': {
    kind: choice('no', 'yes'),
    doc: 'Whether publishing to a namespace that nobody has makes it the publisher’s, where the protocol works so (Ori).',
    default: 'yes',
  },
  'publish.prereleases': {
    kind: choice('no', 'yes'),
    doc: 'Whether pre-releases such as 1.0.0-alpha may be published, where the protocol tells them apart (Ori).',
    default: 'yes',
  },
  trusted_proxies: {
    kind: networks,
    doc: 'Reverse proxies whose X-Forwarded-For is believed; others’ is ignored.',
    unset: 'nobody',
  },
  'database.url': {
    kind: databaseUrl,
    doc: 'SQLite file or PostgreSQL database.',
    derive: (text) => `sqlite:${text('data')}/entrepot.db`,
    unset: '`sqlite:` and `entrepot.db` in the data directory',
    flag: '--database-url',
    mask: maskDatabaseUrl,
  },
  'database.pool_size': {
    kind: count(1, 500),
    doc: 'PostgreSQL connections of one process.',
    default: '10',
  },
  'log.level': {
    kind: choice('debug', 'info', 'warn', 'error', 'silent'),
    doc: 'The least important messages that are written.',
    default: 'info',
    flag: '--log-level',
  },
  'log.origin': {
    kind: logName,
    doc: 'Name of the transparency log in its checkpoints and verifier keys; clients pin it.',
    unset: 'the host of `public_url` and `/log`',
  },
  'log.key': {
    kind: logSeeds,
    doc: 'Private key of the transparency log; further ones sign too, for a change of keys.',
    unset: '`log.key` in the data directory, made at first start',
    mask: () => '•••',
  },
  'log.witnesses': {
    kind: logWitnesses,
    doc: 'Witnesses that are asked to cosign every checkpoint of the transparency log.',
    unset: 'none',
  },
  'witness.logs': {
    kind: witnessedLogs,
    doc: 'Logs of others that this registry cosigns as their witness.',
    unset: 'none',
  },
  'accounts.new_users': {
    kind: choice('anybody', 'invited', 'nobody'),
    doc: 'Who gets an account by signing in with an e-mail address that has none: with `invited`, only where an invitation waits for it.',
    default: 'anybody',
  },
  'mail.url': {
    kind: mailTransport,
    doc: 'Who delivers mail: an SMTP server (smtps:// is TLS from the start; smtp:// insists on STARTTLS unless the host is this machine or `?tls=optional` is added), or Postmark.',
    unset: 'nobody: messages are written to `outbox` in the data directory',
    mask: maskMailUrl,
  },
  'mail.from': {
    kind: mailAddress,
    doc: 'Sender of all mail.',
    derive: (text) => `no-reply@${mailHost(text('public_url'))}`,
    unset: '`no-reply@` and the host of `public_url`',
  },
  'mail.timeout': {
    kind: duration(1, 300),
    doc: 'How long a mail server may stay silent.',
    default: '20s',
  },
  'mail.sign_in_wait': {
    kind: duration(1, 60),
    doc: 'How long who signs in waits for the mail server, before hearing that mail cannot be sent now.',
    default: '5s',
  },
  'webhooks.allow': {
    kind: reachable,
    doc: 'What webhooks may reach although its address is not public.',
    unset: 'nothing',
  },
  'webhooks.key': {
    kind: logSeeds,
    doc: 'Key that encrypts the secrets of webhooks in the database; further ones still decrypt, for a change of keys.',
    unset: 'secrets are stored as they are',
    mask: () => '•••',
  },
  'webhooks.docs_sites': {
    kind: docsSites,
    doc: 'Docs sites that are told of each release of a public package: an ecosystem, and where `packageName=…` is posted to.',
    unset: 'none',
  },
  'git.program': {
    kind: path,
    doc: 'The git that git repositories are made and served with: a name, looked for in PATH, or a path.',
    default: 'git',
  },
  'git.max_processes': {
    kind: count(1, 10_000),
    doc: 'Git processes of one process at once; further requests wait.',
    default: '16',
  },
  'git.timeout': {
    kind: duration(1, DAY),
    doc: 'How long one git process may take, sending to a slow client included.',
    default: '10m',
  },
  'metrics.token': {
    kind: secretText,
    doc: 'Bearer token that /metrics asks for.',
    unset: '/metrics is open to everybody who reaches the server',
    mask: () => '•••',
  },
  'cors.origins': {
    kind: origins,
    doc: 'Web pages that may call the registry from a browser.',
    unset: 'none',
  },
  'cors.max_age': {
    kind: duration(0, DAY),
    doc: 'How long a browser remembers the answer to a preflight.',
    default: '1h',
  },
  'limits.max_manifest': { kind: size, doc: 'Largest manifest.', default: '8 MiB' },
  'limits.max_blob': { kind: size, doc: 'Largest blob.', default: '100 GiB' },
  'limits.max_body': {
    kind: size,
    doc: 'Largest request body that is neither manifest nor blob.',
    default: '1 MiB',
  },
  'limits.max_headers': {
    kind: size,
    doc: 'Largest sum of a request’s headers.',
    default: '16 KiB',
  },
  'limits.request_timeout': {
    kind: duration(1, 255),
    doc: 'Longest time a request without a transfer may take.',
    default: '30s',
  },
  'limits.max_connections_per_address': {
    kind: count(1, 1_000_000),
    doc: 'Requests of one client address that one process works on at once; trusted proxies are not counted.',
    default: '1000',
  },
  'limits.max_concurrent_uploads': {
    kind: count(1, 1_000_000),
    doc: 'Upload requests that one process takes at once.',
    default: '256',
  },
  'limits.max_failed_credentials': {
    kind: count(1, 1_000_000),
    doc: 'Wrong credentials per minute and client address before it has to wait.',
    default: '30',
  },
  'limits.sign_ins_per_email': {
    kind: count(1, 1_000_000),
    doc: 'Sign-ins per hour that may be begun for one e-mail address: each writes to it.',
    default: '10',
  },
  'limits.sign_ins_per_address': {
    kind: count(1, 1_000_000),
    doc: 'Sign-ins per hour that one client address may begin.',
    default: '60',
  },
  'limits.shutdown_grace': {
    kind: duration(0, DAY),
    doc: 'How long a stopping server lets transfers finish.',
    default: '30s',
  },
  'quotas.max_storage': {
    kind: size,
    doc: 'Bytes that a new namespace may hold.',
    unset: 'unlimited',
  },
  'quotas.max_packages': {
    kind: count(1, 1_000_000_000),
    doc: 'Packages that a new namespace may have.',
    unset: 'unlimited',
  },
  'gc.grace': {
    kind: duration(0, 365 * DAY),
    doc: 'Content that was uploaded or linked more recently is never collected.',
    default: '1d',
  },
  'gc.upload_expiry': {
    kind: duration(60, 365 * DAY),
    doc: 'An upload that nobody touched for this long is given up.',
    default: '1d',
  },
  'gc.interval': {
    kind: duration(0, 365 * DAY),
    doc: 'Time between two collections; 0s: only by hand.',
    default: '1h',
  },
  'rates.credential.anonymous': rate('Credential checks per minute and address', '600'),
  'rates.credential.authenticated': rate('Credential checks per minute and credential', '6000'),
  'rates.write.anonymous': rate('Changes per minute and address, without a credential', '600'),
  'rates.write.authenticated': rate('Changes per minute and credential', '6000'),
  'rates.read.anonymous': rate('Reads per minute and address, without a credential', '0'),
  'rates.read.authenticated': rate('Reads per minute and credential', '0'),
} as const satisfies Readonly<Record<string, Setting<unknown>>>

/** Every setting that each ecosystem has; its id comes after the first part of the key. */
export const ECOSYSTEM_SETTINGS = {
  hosts: {
    kind: hostNames,
    doc: 'Host names at whose root the protocol is served, beside its own path.',
    unset: 'none',
  },
  index_mirror: {
    kind: gitRemote,
    doc: 'Git repository that the index is pushed to after each of its commits, for protocols that have one.',
    unset: 'none',
    mask: maskGitRemote,
  },
  'rates.credential.anonymous': ownRate('Credential checks per minute and address'),
  'rates.credential.authenticated': ownRate('Credential checks per minute and credential'),
  'rates.write.anonymous': ownRate('Changes per minute and address, without a credential'),
  'rates.write.authenticated': ownRate('Changes per minute and credential'),
  'rates.read.anonymous': ownRate('Reads per minute and address, without a credential'),
  'rates.read.authenticated': ownRate('Reads per minute and credential'),
} as const satisfies Readonly<Record<string, Setting<unknown>>>

/** The whole table, for these ecosystems. */
export function namedSettings(ecosystems: readonly string[]): readonly NamedSetting[] {
  const once = Object.entries<Setting<unknown>>(SETTINGS).map(([key, setting]) =>
    named(key, setting),
  )
  const each = ecosystems.flatMap((id) =>
    Object.entries<Setting<unknown>>(ECOSYSTEM_SETTINGS).map(([key, setting]) =>
      named(ecosystemKey(id, key), setting),
    ),
  )
  return [...once, ...each]
}

/** Where an ecosystem's own setting is in the file. */
export function ecosystemKey(id: string, key: string): string {
  const [first = '', ...rest] = key.split('.')
  return [first, id, ...rest].join('.')
}

function named(key: string, setting: Setting<unknown>): NamedSetting {
  // ENTREPOT_HOST_OCI names one protocol's hosts; [hosts] in the file holds them all.
  const words = key
    .replace(/^hosts\./, 'host.')
    .replace(/[.-]/g, '_')
    .toUpperCase()
  return { ...setting, key, env: `ENTREPOT_${words}` }
}

function rate(doc: string, perMinute: string) {
  return { kind: RATE, doc: `${doc}; 0: unlimited.`, default: perMinute } as const
}

function ownRate(doc: string) {
  return { kind: RATE, doc: `${doc}, for this protocol; 0: unlimited.`, unset: AS_GENERAL } as const
}

function derivePublicUrl(listen: string): string {
  const address = listenAddress.parse(listen)
  return address ? urlOfListen(address) : ''
}

/** A host that mail can come from; an IP address is none. */
function mailHost(publicUrl: string): string {
  const { hostname } = new URL(URL.canParse(publicUrl) ? publicUrl : 'http://localhost')
  return isIP(hostname.replace(/^\[|\]$/g, '')) === 0 ? hostname : 'localhost'
}
