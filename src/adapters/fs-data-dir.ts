import { existsSync, mkdirSync } from 'node:fs'
import { open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { SecretFile } from '#core/backup/create-backup.ts'
import { RegistryError } from '#core/errors.ts'
import { hasCode } from './fs-files.ts'
import { type HeldLock, tryLock } from './fs-lock.ts'

const LOCK = 'lock.db'
/** There while a restore is not finished. */
const MARKER = 'restore-unfinished'
export const LOG_CHECKPOINT = 'log.checkpoint'
/** Databases are backed up as rows, the newest checkpoint is in every manifest. */
const NO_SECRET = /\.db(-wal|-shm|-journal)?$|^restore-unfinished$|^log\.checkpoint/
const PLAIN_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/
const MAX_SECRET_BYTES = 1024 * 1024

/** Says that this process works on a data directory; any number may. Throws during a restore. */
export function useDataDir(dir: string): HeldLock {
  refuseUnfinished(dir)
  const lock = tryLock(join(dir, LOCK), 'shared')
  if (!lock) throw new RegistryError('conflict', `a restore into ${dir} is under way`)
  try {
    refuseUnfinished(dir)
  } catch (error) {
    lock.release()
    throw error
  }
  return lock
}

/** A data directory that a restore has for itself. */
export interface ClaimedDataDir {
  /** Puts a secret file where it was. */
  writeSecret(name: string, bytes: Uint8Array): Promise<void>
  /** Lets registries start here: the restore is complete. */
  finish(): Promise<void>
  /** Lets go. Without `finish` before, the directory stays unusable for anything but a restore. */
  release(): void
}

/** Takes an empty data directory, or one in which a restore was interrupted. */
export async function claimDataDir(dir: string): Promise<ClaimedDataDir> {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const lock = tryLock(join(dir, LOCK), 'exclusive')
  if (!lock) throw new RegistryError('conflict', `a registry is running on ${dir}: stop it first`)
  try {
    if (!existsSync(join(dir, MARKER))) {
      const found = (await readdir(dir)).find((name) => !isLock(name) && name !== 'lost+found')
      if (found !== undefined) {
        const message = `${dir} is not empty (${found}): a restore needs an empty data directory`
        throw new RegistryError('conflict', message)
      }
      await writeWhole(join(dir, MARKER), Buffer.from('entrepot backup restore\n'))
    }
    await clear(dir)
  } catch (error) {
    lock.release()
    throw error
  }
  return {
    writeSecret: (name, bytes) => writeWhole(join(dir, name), bytes),
    async finish() {
      await rm(join(dir, MARKER))
      await syncDirectory(dir)
    },
    release: () => lock.release(),
  }
}

/** What an interrupted restore left: nobody else could have written here since. */
async function clear(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    if (!isLock(name) && name !== MARKER && name !== 'lost+found') {
      await rm(join(dir, name), { recursive: true, force: true })
    }
  }
}

/** The keys and other secrets at the top of a data directory: whatever small file is no database. */
export async function readSecrets(dir: string): Promise<SecretFile[]> {
  const secrets: SecretFile[] = []
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name)
    if (!entry.isFile() || NO_SECRET.test(entry.name) || !PLAIN_NAME.test(entry.name)) continue
    if ((await stat(path)).size > MAX_SECRET_BYTES) continue
    secrets.push({ name: entry.name, bytes: await readFile(path) })
  }
  return secrets.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Writes a file that only its owner may read: whole or not at all, and to stay. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const draft = `${path}.draft`
  const file = await open(draft, 'w', 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(draft, path)
  await syncDirectory(dirname(path))
}

/** Makes the names in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path)
  await directory.sync().finally(() => directory.close())
}

/** The text of a file, or undefined when there is none. */
export async function readTextIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Also SQLite's own file beside it. */
function isLock(name: string): boolean {
  return name.startsWith(LOCK)
}

function refuseUnfinished(dir: string): void {
  if (!existsSync(join(dir, MARKER))) return
  const message = `a restore into ${dir} did not finish: run \`entrepot backup restore\` again`
  throw new RegistryError('conflict', message)
}
