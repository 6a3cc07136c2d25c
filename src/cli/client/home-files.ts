import { randomUUID } from 'node:crypto'
import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { parse, stringify, TomlError } from 'smol-toml'
import { CliError } from '#cli/failure.ts'
import { findText } from './text-file.ts'

/** A file of TOML in the home folder, with one table of things known about each registry. */
export interface HomeFile {
  /** Such as `.ori/credentials.toml`. */
  readonly path: string
  readonly table: string
}

/** What is known about each registry, by its URL. */
export type HomeTable = Readonly<Record<string, Readonly<Record<string, string | number>>>>

const OWNER_ONLY = { file: 0o600, folder: 0o700 }

/** Where a file in the home folder is. */
export function homePath({ path }: HomeFile): string {
  return join(homedir(), path)
}

/** What the file says of every registry; nothing when there is none. */
export async function readHomeTable(file: HomeFile): Promise<HomeTable> {
  const path = homePath(file)
  const text = (await findText(path)) ?? ''
  try {
    const entries = Object.entries(tableOf(parse(text)[file.table]))
    return Object.fromEntries(entries.map(([url, values]) => [url, plainValues(values)]))
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    throw new CliError(`${path} is not TOML`, 'correct it, or move it away and begin again', error)
  }
}

/** Changes what the file says of one registry. Only its owner can read the file, from the beginning. */
export async function writeHomeTable(
  file: HomeFile,
  [url, values]: readonly [string, HomeTable[string]],
): Promise<void> {
  await write(file, { ...(await readHomeTable(file)), [url]: values })
}

/** Takes out what the file says of one registry; whether it said anything. */
export async function removeFromHomeTable(file: HomeFile, url: string): Promise<boolean> {
  const { [url]: removed, ...rest } = await readHomeTable(file)
  if (removed === undefined) return false
  await write(file, rest)
  return true
}

async function write(file: HomeFile, table: HomeTable): Promise<void> {
  const path = homePath(file)
  const text = stringify({ [file.table]: table })
  const draft = `${path}.${randomUUID()}.tmp`
  try {
    await mkdir(dirname(path), { recursive: true, mode: OWNER_ONLY.folder })
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
