import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify, TomlError } from 'smol-toml'
import { CliError } from '#cli/failure.ts'

/** A file of TOML in `~/.ori`: a table of things known about each registry, by its URL. */
export type HomeTable = Readonly<Record<string, Readonly<Record<string, string | number>>>>

const OWNER_ONLY = { file: 0o600, folder: 0o700 }

/** Where a file of Ori's own folder is. */
export function homePath(file: string): string {
  return join(homedir(), '.ori', file)
}

/** What the file says of every registry; nothing when there is none. */
export async function readHomeTable(file: string, table: string): Promise<HomeTable> {
  const path = homePath(file)
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw new CliError(`cannot read ${path}`, 'it must be a file that this user can read', error)
  })
  try {
    const entries = Object.entries(tableOf(parse(text)[table]))
    return Object.fromEntries(entries.map(([url, values]) => [url, plainValues(values)]))
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    throw new CliError(`${path} is not TOML`, 'correct it, or move it away and begin again', error)
  }
}

/** Changes what the file says of one registry. Only its owner can read the file, from the beginning. */
export async function writeHomeTable(
  file: string,
  table: string,
  [url, values]: readonly [string, HomeTable[string]],
): Promise<void> {
  const path = homePath(file)
  const before = await readHomeTable(file, table)
  const text = stringify({ [table]: { ...before, [url]: values } })
  const draft = `${path}.${process.pid}.tmp`
  try {
    await mkdir(homePath(''), { recursive: true, mode: OWNER_ONLY.folder })
    await writeFile(draft, `${text.trimEnd()}\n`, { mode: OWNER_ONLY.file, flag: 'wx' })
    // Whatever the umask made of it.
    await chmod(draft, OWNER_ONLY.file)
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw new CliError(`cannot write ${path}`, 'see who may write to this folder', error)
  }
}

function plainValues(raw: unknown): HomeTable[string] {
  const entries = Object.entries(tableOf(raw)).flatMap(([key, value]) =>
    typeof value === 'string' || typeof value === 'number' ? [[key, value] as const] : [],
  )
  return Object.fromEntries(entries)
}

function tableOf(raw: unknown): object {
  return typeof raw === 'object' && raw !== null ? raw : {}
}
