import { randomUUID } from 'node:crypto'
import { link, open, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { generateSeed } from '#core/log/note.ts'
import { hasCode } from './fs-files.ts'

const SEED_BYTES = 32

/**
 * The private keys of the transparency log in a file, one a line in base64, the current one first.
 * Without the file: a new key if one may be made, else none.
 */
export async function findLogSeeds(
  path: string,
  { mayCreate }: { readonly mayCreate: boolean },
): Promise<Uint8Array[]> {
  const found = await read(path)
  if (found || !mayCreate) return found ?? []
  await create(path, generateSeed())
  // Of two processes that start at once, the first one's key is the key.
  return (await read(path)) ?? []
}

async function read(path: string): Promise<Uint8Array[] | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  })
  if (text === undefined) return undefined
  const seeds = text.split(/\s+/).filter((line) => line !== '')
  return seeds.map((line) => {
    const seed = Buffer.from(line, 'base64')
    if (seed.length === SEED_BYTES && seed.toString('base64') === line) return seed
    throw new Error(`${path} is not a key of the log: each line is 32 bytes in base64`)
  })
}

/** Whole or not at all, and never in place of another. */
async function create(path: string, seed: Uint8Array): Promise<void> {
  const draft = `${path}.${randomUUID()}`
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(`${Buffer.from(seed).toString('base64')}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  try {
    await link(draft, path)
    const directory = await open(dirname(path))
    await directory.sync().finally(() => directory.close())
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
  } finally {
    await rm(draft)
  }
}
