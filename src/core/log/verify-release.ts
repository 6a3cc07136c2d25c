import { openCheckpoint } from './checkpoint.ts'
import { leafHash } from './merkle.ts'
import { isIncluded, type TreeHead } from './merkle-verify.ts'
import { LogError, type Verifier } from './note.ts'
import { parseProofFile } from './proof-file.ts'
import { hiddenRecordText, type LogFacts, recordText } from './record.ts'

/** The log that is trusted. */
export interface TrustedLog {
  readonly origin: string
  readonly verifiers: readonly Verifier[]
}

/** What was downloaded, as its client asked for it and measured it. */
export interface DownloadedRelease {
  readonly ecosystem: string
  readonly name: string
  readonly version: string
  readonly digest: string
}

/** How a release comes to be under its name. */
const ARRIVALS = ['publish', 'transfer'] as const

/**
 * Checks that a proof file shows a release in the log, for clients: what they downloaded, not what
 * they were told. Gives the tree it is in, to be remembered and compared with the next one.
 */
export function verifyRelease(
  file: string,
  release: DownloadedRelease,
  { origin, verifiers }: TrustedLog,
): TreeHead {
  const { extra, index, proof, checkpoint } = parseProofFile(file)
  const tree = openCheckpoint(checkpoint, origin, verifiers)
  const salt = extra && Buffer.from(extra).toString('hex')
  const isShown = ARRIVALS.some((event) => {
    const record = textOf({ event, ...release }, salt)
    return isIncluded(tree, { index, leaf: leafHash(record), proof })
  })
  if (isShown) return tree
  const { name, version, digest } = release
  throw new LogError(`the proof does not show ${name} ${version} with ${digest} in the log`)
}

function textOf(facts: LogFacts, salt: string | undefined): string {
  return salt === undefined ? recordText(facts) : hiddenRecordText(salt, facts)
}
