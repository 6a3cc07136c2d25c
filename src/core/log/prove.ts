import type { App } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import { readCheckpoint } from './checkpoint.ts'
import { checkpointToProve } from './cosigned.ts'
import { consistencyProof, type Hash, inclusionProof } from './merkle.ts'
import { readLogState, tileReader } from './read-log.ts'
import { nodesOf, rememberTiles } from './tiles.ts'

/** What shows that an entry is in a published tree. */
export interface EntryProof {
  readonly index: number
  readonly treeSize: number
  readonly proof: readonly Hash[]
  /** With the cosignatures that there are of it. */
  readonly checkpoint: string
}

/** Proves the entry at `index`, in the published tree that most witnesses cosigned. */
export async function proveEntry(app: App, index: number): Promise<EntryProof> {
  const checkpoint = await checkpointToProve(app, await readLogState(app.database.db), index)
  const { size } = readCheckpoint(checkpoint)
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
