import { isIP, isIPv6 } from 'node:net'
import { fileURLToPath } from 'node:url'
import {
  type LogWitness,
  parseLogWitness,
  parseWitnessedLog,
  type WitnessedLog,
} from '#core/log/witnesses.ts'

/** A form that a setting's value takes: how text becomes one, and in words what text would be right. */
export interface Kind<T> {
  /** Completes "expected …". */
  readonly expected: string
  /** The file may write it as an array. */
  readonly list?: true
  /** undefined says that the text is not right. */
  parse(text: string): T | undefined
}

/** Where the server listens; an IPv6 hostname is without its brackets. */
export interface Listen {
  readonly hostname: string
  readonly port: number
}

/** Which database, as its setting says it. */
export type DatabaseLocation =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string }

const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** A path; made absolute by the one who uses it. */
export const path: Kind<string> = {
  expected: 'a path',
  parse: (text) => (text.includes('\0') ? undefined : text.trim() || undefined),
}

/** HOST:PORT. */
export const listenAddress: Kind<Listen> = {
  expected: 'HOST:PORT, such as 127.0.0.1:7080, 0.0.0.0:7080 or [::1]:7080 (port 0: any free one)',
  parse(text) {
    const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+)):(\d{1,5})$/i.exec(text)
    const [, ipv6, name, rawPort] = match ?? []
    const hostname = ipv6 ?? name
    const port = Number(rawPort)
    if (hostname === undefined || port > 65_535) return undefined
    if (ipv6 !== undefined && !isIPv6(ipv6)) return undefined
    return { hostname, port }
  },
}

/** An address that clients see: scheme, host and port, nothing behind it. */
export const origin: Kind<string> = {
  expected: 'http:// or https:// and a host, without a path, such as https://registry.example.org',
  parse(text) {
    if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined
    const url = new URL(text)
    const bare = url.pathname === '/' && !url.search && !url.hash && !url.username && !url.password
    return bare ? url.origin : undefined
  },
}

/** SQLite file or PostgreSQL server. */
export const databaseUrl: Kind<DatabaseLocation> = {
  expected:
    'sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE (in a password, write / ? # @ % as %2F %3F %23 %40 %25)',
  parse(text) {
    const rawPath = /^sqlite:(?:\/\/(?=\/))?(?!\/\/)(.+)$/i.exec(text)?.[1]
    const file = rawPath && path.parse(rawPath)
    if (file) return { kind: 'sqlite', path: file }
    if (!/^postgres(ql)?:\/\//i.test(text) || !URL.canParse(text)) return undefined
    // More path than one name, or a fragment, is a password with an unescaped character.
    const { pathname, hash } = new URL(text)
    return /^(\/[^/@]*)?$/.test(pathname) && !hash ? { kind: 'postgres', url: text } : undefined
  },
}

/** Where blobs are kept; gives a path. */
export const blobLocation: Kind<string> = {
  expected: 'a directory or file:///DIRECTORY (s3:// and gs:// come in a later version)',
  parse(text) {
    if (/^file:\/\/\/./i.test(text) && URL.canParse(text)) return decodeFileUrl(text)
    return /^([a-z][a-z0-9+.-]*:\/\/|file:)/i.test(text) ? undefined : path.parse(text)
  },
}

/** A secret that somebody chose; short ones would be guessed. */
export const secretText: Kind<string> = {
  expected: 'at least 16 characters without spaces',
  parse: (text) => (/^[\x21-\x7e]{16,}$/.test(text) ? text : undefined),
}

/** What a transparency log may call itself. */
export const logName: Kind<string> = {
  expected: 'a name without spaces and +, such as registry.example.org/log',
  parse: (text) => (/^[!-*,-~]{1,200}$/.test(text) ? text : undefined),
}

/** Private Ed25519 keys. */
export const logSeeds = listOf<Uint8Array>({
  expected: '32 random bytes in base64, as `openssl rand -base64 32` makes them',
  parse: (text) =>
    /^[A-Za-z0-9+/]{43}=$/.test(text) ? new Uint8Array(Buffer.from(text, 'base64')) : undefined,
})

/** Who cosigns the log. */
export const logWitnesses = listOf<LogWitness>({
  expected:
    'the address of a witness and its verifier key, such as https://witness.example.org witness.example.org+1c2d3e4f+BK…',
  parse: parseLogWitness,
})

/** Whose logs are cosigned. */
export const witnessedLogs = listOf<WitnessedLog>({
  expected:
    'the verifier key of a log, such as example.org/log+1c2d3e4f+AX…, before it the log’s origin if that is not the key’s name',
  parse: parseWitnessedLog,
})

/** Host names, without ports. */
export const hostNames = listOf<string>({
  expected: 'host names without scheme, port or path, such as registry.example.org',
  parse: (text) =>
    /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i.test(text)
      ? text.toLowerCase()
      : undefined,
})

/** IP addresses and networks. */
export const networks = listOf<string>({
  expected: 'IP addresses or networks, such as 127.0.0.1, 10.0.0.0/8 or fd00::/8',
  parse(text) {
    const [, address = '', prefix = '0'] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
    const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
    return Number(prefix) <= bits ? text : undefined
  },
})

/** Origins of web pages, or * for all. */
export const origins = listOf<string>({
  expected: '* or origins such as https://pages.example.org',
  parse: (text) => (text === '*' ? text : origin.parse(text)),
})

/** One of some words. */
export function choice<const T extends string>(...words: readonly T[]): Kind<T> {
  return {
    expected: `one of ${words.join(', ')}`,
    parse: (text) => words.find((word) => word === text.toLowerCase()),
  }
}

/** A whole number between two, both allowed. */
export function count(min: number, max: number): Kind<number> {
  return {
    expected: `a whole number from ${min} to ${max}`,
    parse: (text) => (/^\d{1,15}$/.test(text) ? within(Number(text), min, max) : undefined),
  }
}

/** A number of bytes, at least 1. */
export const size: Kind<number> = {
  expected: 'a size such as 4096, 10MB or 4 MiB',
  parse(text) {
    const [, number = '', unit = ''] = /^(\d{1,15}(?:\.\d{1,3})?) *([a-z]*)$/i.exec(text) ?? []
    const factor = SIZE_UNITS[unit.toLowerCase()]
    if (number === '' || factor === undefined) return undefined
    return within(Math.round(Number(number) * factor), 1, Number.MAX_SAFE_INTEGER)
  },
}

/** A time span, in seconds, between two. */
export function duration(minSeconds: number, maxSeconds: number): Kind<number> {
  return {
    expected: `a duration with its unit, such as 30s, 15m, 12h or 90d, from ${minSeconds}s to ${formatSeconds(maxSeconds)}`,
    parse(text) {
      const [, number, unit = ''] = /^(\d{1,9}) *([smhd])$/i.exec(text) ?? []
      const factor = SECONDS[unit.toLowerCase()]
      return factor === undefined
        ? undefined
        : within(Number(number) * factor, minSeconds, maxSeconds)
    },
  }
}

/** The address of a server that nobody gave another one; all interfaces are reachable as localhost. */
export function urlOfListen({ hostname, port }: Listen): string {
  const anywhere = hostname === '0.0.0.0' || hostname === '::'
  const host = anywhere ? 'localhost' : isIPv6(hostname) ? `[${hostname}]` : hostname
  return new URL(`http://${host}:${port}`).origin
}

/** A database URL without its secrets; for the eyes of whoever may run `entrepot config`. */
export function maskDatabaseUrl(text: string): string {
  const location = databaseUrl.parse(text)
  if (location === undefined) return '•••'
  if (location.kind === 'sqlite') return text
  const url = new URL(location.url)
  const user = url.username && `${url.username}${url.password && ':•••'}@`
  return `${url.protocol}//${user}${url.host}${url.pathname}${url.search && '?•••'}`
}

/** Several of a kind, separated by commas. */
export function listOf<T>(item: Kind<T>): Kind<readonly T[]> {
  return {
    expected: `${item.expected}; several are separated by commas`,
    list: true,
    parse(text) {
      const values = text.split(',').map((part) => item.parse(part.trim()))
      const right = values.filter((value) => value !== undefined)
      return right.length === values.length ? right : undefined
    },
  }
}

function within(value: number, min: number, max: number): number | undefined {
  return value >= min && value <= max ? value : undefined
}

function formatSeconds(seconds: number): string {
  return seconds % 86_400 === 0 ? `${seconds / 86_400}d` : `${seconds}s`
}

/** undefined for a file URL with an encoded slash or a broken escape, which have no path. */
function decodeFileUrl(url: string): string | undefined {
  try {
    return fileURLToPath(url)
  } catch {
    return undefined
  }
}

/** Where git pushes to: a URL, or a folder of this machine. */
export const gitRemote: Kind<string> = {
  expected: 'https://, http://, ssh:// or file:// and a repository, or an absolute path',
  parse: (text) => (/^\/[^\s]+$/.test(text) || isGitUrl(text) ? text : undefined),
}

/** The address of a repository without its secrets. */
export function maskGitRemote(text: string): string {
  if (!URL.canParse(text)) return text
  const url = new URL(text)
  const user = url.username === '' && url.password === '' ? '' : '•••@'
  return `${url.protocol}//${user}${url.host}${url.pathname}`
}

function isGitUrl(text: string): boolean {
  if (/[\s\0]/.test(text) || !URL.canParse(text)) return false
  const { protocol, hostname, pathname } = new URL(text)
  if (protocol === 'file:') return hostname === '' && pathname.length > 1
  return ['https:', 'http:', 'ssh:'].includes(protocol) && hostname !== '' && pathname.length > 1
}
