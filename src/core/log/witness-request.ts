import { type Checkpoint, parseCheckpoint, parseHash } from './checkpoint.ts'
import type { Hash } from './merkle.ts'
import { LogError, parseNote } from './note.ts'

/** What a log sends to its witness (C2SP tlog-witness). */
export interface WitnessRequest {
  /** The size that the witness is thought to have signed last. */
  readonly oldSize: number
  /** That the tree of that size is the beginning of the one to be signed. */
  readonly proof: readonly Hash[]
  /** The signed checkpoint. */
  readonly note: string
}

const OLD = /^old (0|[1-9]\d{0,15})$/
const MAX_HASHES = 63

/** Writes the body of `add-checkpoint`. */
export function formatWitnessRequest({ oldSize, proof, note }: WitnessRequest): string {
  const hashes = proof.map((hash) => `${Buffer.from(hash).toString('base64')}\n`)
  return `old ${oldSize}\n${hashes.join('')}\n${note}`
}

/** Reads it; the signatures are still to be checked. */
export function parseWitnessRequest(
  body: string,
): WitnessRequest & { readonly checkpoint: Checkpoint } {
  const split = body.indexOf('\n\n')
  const [first = '', ...hashes] = body.slice(0, Math.max(split, 0)).split('\n')
  const oldSize = Number(OLD.exec(first)?.[1])
  if (!Number.isSafeInteger(oldSize) || hashes.length > MAX_HASHES) {
    throw new LogError('this is not an old size, a proof, an empty line and a checkpoint')
  }
  const note = body.slice(split + 2)
  const checkpoint = parseCheckpoint(parseNote(note).text)
  return { oldSize, proof: hashes.map(parseHash), note, checkpoint }
}
