import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { PackFile } from '#core/git/git.ts'

const PACK_FILE = /^pack-[0-9a-f]{40}\.(?:pack|idx)$/

/** The packs in a folder that have their index, and these. */
export async function listPackFiles(dir: string): Promise<PackFile[]> {
  const names = new Set(await entriesOf(dir))
  const whole = [...names].filter((name) => {
    const stem = name.slice(0, name.lastIndexOf('.'))
    return PACK_FILE.test(name) && names.has(`${stem}.pack`) && names.has(`${stem}.idx`)
  })
  const found = whole.map(async (file) => {
    const path = join(dir, file)
    // One that went meanwhile is in another now.
    const status = await stat(path).catch(() => undefined)
    return status ? [{ file, path, size: status.size }] : []
  })
  return (await Promise.all(found)).flat()
}

/** What of a file or folder changes with it; without one there is nothing to mind. */
export async function markOf(path: string): Promise<string> {
  const found = await stat(path, { bigint: true }).catch(() => undefined)
  return found ? `${found.ino} ${found.mtimeNs} ${found.size}` : ''
}

/** What is in a folder, sorted; nothing when there is none. */
export async function entriesOf(dir: string): Promise<string[]> {
  try {
    return (await readdir(dir)).sort()
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

/** Git holds a lock for moments; one that is older was left by a process that was killed. */
const MAX_LOCK_AGE_MS = 60_000
/** Longer than any git process may take. */
const MAX_TMP_AGE_MS = 86_400_000

/** Takes away what processes that were killed, or failed, left in a repository. */
export async function dropLeftovers(dir: string): Promise<void> {
  const isLock = (file: string) => file.endsWith('.lock')
  for (const folder of ['.', 'refs/heads', 'refs/tags']) {
    await dropOld(join(dir, folder), isLock, MAX_LOCK_AGE_MS)
  }
  await dropOld(dir, (file) => file.startsWith('fast_import_crash_'), 0)
  await dropOld(join(dir, 'objects', 'pack'), (file) => file.startsWith('tmp_'), MAX_TMP_AGE_MS)
}

async function dropOld(
  dir: string,
  isMeant: (file: string) => boolean,
  maxAgeMs: number,
): Promise<void> {
  for (const file of (await entriesOf(dir)).filter(isMeant)) {
    const found = await stat(join(dir, file)).catch(() => undefined)
    if (found && Date.now() - found.mtimeMs >= maxAgeMs) await rm(join(dir, file), { force: true })
  }
}

/** Whether there was no such file. */
export function isMissing(error: unknown): boolean {
  return hasCode(error, 'ENOENT', 'ENOTDIR')
}

/** Whether there was one already. */
export function isTaken(error: unknown): boolean {
  return hasCode(error, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR')
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
