import { readFile } from 'node:fs/promises'
import { CliError } from '#cli/failure.ts'
import { type LockEntry, readLock } from '#ecosystems/ori/lock.ts'

/** Reads a lock file; nothing when there is none. */
export async function findLock(path: string): Promise<LockEntry[] | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new CliError(`cannot read ${path}`, 'it must be a file that this user can read', error)
  })
  if (text === undefined) return undefined
  const { entries, findings } = readLock(text)
  const [first] = findings.problems
  if (!first) return entries
  throw new CliError(`${path}: ${first.message}`, 'it must be a lock that `ori` wrote')
}

/** Reads a lock file that must be there. */
export async function getLock(path: string): Promise<LockEntry[]> {
  const entries = await findLock(path)
  if (entries) return entries
  throw new CliError(`there is no ${path}`, 'name the lock file of a project')
}
