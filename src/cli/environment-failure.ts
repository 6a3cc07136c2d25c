import { maskDatabaseUrl } from '#config/values.ts'
import type { Config } from '#config.ts'
import { CliError } from './failure.ts'

/** What PostgreSQL says, by its code: completes "the database … ". */
const POSTGRES: Readonly<Record<string, string>> = {
  '28P01': 'refuses the password',
  '28000': 'refuses the user',
  '3D000': 'does not exist',
  '42501': 'does not let this user make tables',
  '53300': 'has no connection left',
}

const UNREACHABLE = /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|57P0\d)$/
const NO_CONNECTION = /timeout exceeded when trying to connect|Connection terminated/

/** What the file system says: completes "cannot write … : ". */
const FILES: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of the path is not a directory',
  EEXIST: 'there is a file where the directory should be',
  ENOENT: 'it cannot be created',
  ENOSPC: 'the disk is full',
}

/** SQLite's primary result codes. */
const SQLITE: Readonly<Record<number, string>> = {
  3: 'permission denied',
  8: 'it is read-only',
  11: 'it is damaged',
  13: 'the disk is full',
  14: 'it cannot be opened',
  26: 'it is not a database',
}

const DATABASE_HINT =
  'start it, or name another one: --database-url, ENTREPOT_DATABASE_URL or database.url in entrepot.toml'
const DATA_HINT =
  'choose a directory that this user may write: --data, ENTREPOT_DATA or data in entrepot.toml'

/** What is wrong around the registry (files, database), in words; nothing for other failures. */
export function explainEnvironment(error: unknown, config: Config): CliError | undefined {
  if (!(error instanceof Error)) return undefined
  // As core/db/migrations.ts words it.
  if (/which this version does not know/.test(error.message)) {
    return new CliError(error.message, 'nothing was changed; older versions cannot use it', error)
  }
  return explainPostgres(error, config) ?? explainSqlite(error, config) ?? explainFiles(error)
}

/** Why the server cannot listen, in words; nothing for other failures. */
export function explainListen(error: unknown, { listen }: Config): CliError | undefined {
  const { hostname, port } = listen
  const next = `${hostname.includes(':') ? `[${hostname}]` : hostname}:${port + 1}`
  const elsewhere = `listen elsewhere: --listen ${next} (port 0: any free one)`
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return new CliError(
        `port ${port} on ${hostname} is in use by another program`,
        `stop that one, or ${elsewhere}`,
        error,
      )
    case 'EACCES':
    case 'EPERM':
      return new CliError(`this user may not listen on port ${port}`, elsewhere, error)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new CliError(
        `this machine has no address ${hostname}`,
        'try --listen 0.0.0.0:7080',
        error,
      )
    default:
      return undefined
  }
}

function explainPostgres(error: Error, { database }: Config): CliError | undefined {
  if (database.kind !== 'postgres') return undefined
  const code = codeOf(error)
  const isAway = UNREACHABLE.test(code) || NO_CONNECTION.test(error.message)
  const what = POSTGRES[code] ?? (isAway ? `does not answer (${code || error.message})` : undefined)
  if (what === undefined) return undefined
  return new CliError(`the database ${maskDatabaseUrl(database.url)} ${what}`, DATABASE_HINT, error)
}

/** Bun has the extended result code as `errno`, Node as `errcode`. */
function explainSqlite(error: Error, { database }: Config): CliError | undefined {
  if (database.kind !== 'sqlite') return undefined
  const isSqlite = codeOf(error).startsWith('SQLITE_') || 'errcode' in error
  const code = 'errcode' in error ? error.errcode : 'errno' in error ? error.errno : 0
  const why = isSqlite && typeof code === 'number' ? SQLITE[code & 0xff] : undefined
  if (why === undefined) return undefined
  return new CliError(`cannot use the database ${database.path}: ${why}`, DATA_HINT, error)
}

function explainFiles(error: Error): CliError | undefined {
  const why = FILES[codeOf(error)]
  if (why === undefined || !('path' in error)) return undefined
  return new CliError(`cannot write ${String(error.path)}: ${why}`, DATA_HINT, error)
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
