import { findText } from '#cli/client/text-file.ts'
import { CliError } from '#cli/failure.ts'
import { type LockEntry, readLock } from '#ecosystems/ori/lock.ts'

/** Reads a lock file; nothing when there is none. */
export async function findLock(path: string): Promise<LockEntry[] | undefined> {
  const text = await findText(path)
  return text === undefined ? undefined : parseLock(text, path)
}

/** The entries of a lock file with that text. */
export function parseLock(text: string, path: string): LockEntry[] {
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
