import { HASH_BYTES, type Hash } from './merkle.ts'
import type { TreeHead } from './merkle-verify.ts'
import { LogError, openNote, parseNote, type Verifier } from './note.ts'

/** What a log signs: which log it is, and its tree (C2SP tlog-checkpoint). */
export interface Checkpoint extends TreeHead {
  readonly origin: string
}

/** The first line of the tree note that Go's clients expect. */
export const GO_TREE = 'go.sum database tree'

const SIZE = /^(0|[1-9]\d{0,15})$/

/** The text to sign. Go's tree note has the same form, with `GO_TREE` as origin. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`
}

/** Reads a checkpoint's text; extension lines are passed over. */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin = '', rawSize = '', rawRoot = '', ...rest] = text.split('\n')
  const root = parseHash(rawRoot)
  const size = Number(rawSize)
  if (origin === '' || !SIZE.test(rawSize) || !Number.isSafeInteger(size) || rest.length === 0) {
    throw new LogError('this is no checkpoint')
  }
  return { origin, size, root }
}

/** The checkpoint of a log, if one of these keys signed it. */
export function openCheckpoint(
  note: string,
  origin: string,
  verifiers: readonly Verifier[],
): Checkpoint {
  const checkpoint = parseCheckpoint(openNote(note, verifiers))
  if (checkpoint.origin === origin) return checkpoint
  throw new LogError(`the checkpoint is of ${checkpoint.origin}, not of ${origin}`)
}

/** What a checkpoint says, whoever signed it. */
export function readCheckpoint(note: string): Checkpoint {
  return parseCheckpoint(parseNote(note).text)
}

/** A hash in base64. */
export function parseHash(base64: string): Hash {
  const hash = Buffer.from(base64, 'base64')
  if (hash.length === HASH_BYTES && hash.toString('base64') === base64) return hash
  throw new LogError('this is no hash')
}
