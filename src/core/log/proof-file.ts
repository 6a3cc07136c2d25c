import { parseHash } from './checkpoint.ts'
import type { Hash } from './merkle.ts'
import { LogError } from './note.ts'

/** A `.tlog-proof` file: all that shows that an entry is in a log (C2SP tlog-proof). */
export interface ProofFile {
  /** What the entry cannot be made of without; for us the salt of a private package's entry. */
  readonly extra?: Uint8Array | undefined
  readonly index: number
  /** The leaf's sibling first. */
  readonly proof: readonly Hash[]
  /** Signed, as served. */
  readonly checkpoint: string
}

const HEAD = 'c2sp.org/tlog-proof@v1'
const INDEX = /^index (0|[1-9]\d{0,15})$/
const MAX_HASHES = 64

/** Writes a proof file. */
export function formatProofFile({ extra, index, proof, checkpoint }: ProofFile): string {
  const lines = [
    HEAD,
    ...(extra ? [`extra ${Buffer.from(extra).toString('base64')}`] : []),
    `index ${index}`,
    ...proof.map((hash) => Buffer.from(hash).toString('base64')),
  ]
  return `${lines.join('\n')}\n\n${checkpoint}`
}

/** Reads a proof file; proves nothing yet. */
export function parseProofFile(raw: string): ProofFile {
  const split = raw.indexOf('\n\n')
  const [head, ...lines] = raw.slice(0, Math.max(split, 0)).split('\n')
  if (head !== HEAD) throw new LogError('this is no tlog-proof file')
  const extra = lines[0]?.startsWith('extra ') ? lines.shift()?.slice('extra '.length) : undefined
  const rawIndex = INDEX.exec(lines.shift() ?? '')?.[1]
  const index = Number(rawIndex)
  if (rawIndex === undefined || !Number.isSafeInteger(index) || lines.length > MAX_HASHES) {
    throw new LogError('the tlog-proof file is malformed')
  }
  return {
    ...(extra !== undefined && { extra: Buffer.from(extra, 'base64') }),
    index,
    proof: lines.map(parseHash),
    checkpoint: raw.slice(split + 2),
  }
}
