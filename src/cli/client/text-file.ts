import { readFile } from 'node:fs/promises'
import { CliError } from '#cli/failure.ts'

/** The text of a file; nothing when there is none. */
export async function findText(path: string): Promise<string | undefined> {
  return await readFile(path, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return undefined
    throw unreadable(path, error)
  })
}

/** The bytes of a file; nothing when there is none. */
export async function findBytes(path: string): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await readFile(path))
  } catch (error) {
    if (isMissing(error)) return undefined
    throw unreadable(path, error)
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

function unreadable(path: string, error: unknown): CliError {
  return new CliError(`cannot read ${path}`, 'it must be a file that this user can read', error)
}
