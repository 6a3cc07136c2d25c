import type { App } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import { consistencyProof, type Hash, inclusionProof } from './merkle.ts'
import { readLogState, tileReader } from './read-log.ts'
import { nodesOf, rememberTiles } from './tiles.ts'

/** What shows that an entry is in the published tree. */
export interface EntryProof {
  readonly index: number
  readonly treeSize: number
  readonly proof: readonly Hash[]
  readonly checkpoint: string
}

/** Proves the entry at `index`, in the tree that is published now. */
export async function proveEntry(app: App, index: number): Promise<EntryProof> {
  const { size, checkpoint } = await readLogState(app.database.db)
  return { index, treeSize: size, checkpoint, proof: await proveInclusion(app, index, size) }
}

/** The proof of an index in any tree that was published. */
export async function proveInclusion(app: App, index: number, size: number): Promise<Hash[]> {
  await requirePublished(app, size)
  if (index >= size) {
    throw new RegistryError('invalid_request', `a tree of ${size} has no entry ${index}`)
  }
  return await inclusionProof(nodes(app), index, size)
}

/** The proof that a published tree begins with an older one. */
export async function proveConsistency(app: App, from: number, to: number): Promise<Hash[]> {
  await requirePublished(app, to)
  if (from > to) {
    throw new RegistryError('invalid_request', `${from} is not an older tree than ${to}`)
  }
  return await consistencyProof(nodes(app), from, to)
}

function nodes(app: App) {
  return nodesOf(rememberTiles(tileReader(app.database.db)))
}

async function requirePublished(app: App, size: number): Promise<void> {
  const published = await readLogState(app.database.db)
  if (size <= published.size) return
  throw new RegistryError('not_found', `the log has ${published.size} entries, not ${size}`)
}
