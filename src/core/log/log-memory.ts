import type { App } from '#core/app.ts'
import type { Tx } from '#core/db/schema.ts'
import { type Checkpoint, readCheckpoint } from './checkpoint.ts'
import { logOrigin } from './log-signers.ts'
import { rootHash } from './merkle.ts'
import { LogError } from './note.ts'
import { type LogState, tileReader } from './read-log.ts'
import { nodesOf, rememberTiles } from './tiles.ts'

/** Keeps the newest checkpoint outside the database, beside the key that signed it. */
export interface LogMemory {
  /** The note; undefined when there is none. */
  read(): Promise<string | undefined>
  write(checkpoint: string): Promise<void>
  /** Where it is, for people. */
  readonly place: string
}

/** The database has less than was signed of it, or something else: signing on would fork the log. */
export class LogLostError extends Error {
  override readonly name = 'LogLostError'
}

/** The newest checkpoint of this log that this process knows to have been signed. */
export async function recallCheckpoint(app: App): Promise<Checkpoint | undefined> {
  const note = await app.logMemory?.read()
  if (!note) return undefined
  try {
    const checkpoint = readCheckpoint(note)
    // A log with another name starts anew.
    return checkpoint.origin === logOrigin(app) ? checkpoint : undefined
  } catch (error) {
    // A power cut may leave half a file.
    if (error instanceof LogError) return undefined
    throw error
  }
}

/** Throws unless the log in the database begins with the tree that was signed before. */
export async function requireContinued(
  app: App,
  tx: Tx,
  state: LogState,
  signed: Checkpoint | undefined,
): Promise<void> {
  if (!signed || signed.size === 0) return
  if (isTreeOf(state, signed)) return
  const place = app.logMemory?.place ?? ''
  if (state.size < signed.size) {
    throw new LogLostError(
      `${signed.size} entries of the log were signed (${place}) and the database has ${state.size}: an older state was restored, see docs/backup.md`,
    )
  }
  const root = await rootHash(nodesOf(rememberTiles(tileReader(tx))), signed.size)
  if (Buffer.compare(root, signed.root) === 0) return
  throw new LogLostError(
    `the first ${signed.size} entries of the log are not those that were signed (${place}): see docs/backup.md`,
  )
}

/** Remembers what was just published. A failure is told and does no harm. */
export async function rememberCheckpoint(app: App, checkpoint: string): Promise<void> {
  try {
    await app.logMemory?.write(checkpoint)
  } catch (error) {
    app.log.warn({ err: error }, 'the newest checkpoint of the log was not kept beside its key')
  }
}

/** Nearly always: nobody published since. */
function isTreeOf({ checkpoint }: LogState, signed: Checkpoint): boolean {
  if (checkpoint === '') return false
  const { size, root } = readCheckpoint(checkpoint)
  return size === signed.size && Buffer.compare(root, signed.root) === 0
}
