import { type Command, InvalidArgumentError } from 'commander'
import { CliError } from '#cli/failure.ts'
import { parseWitnessKey } from '#core/log/cosignature.ts'
import { LogError, type Verifier } from '#core/log/note.ts'
import type { Quorum } from '#core/log/quorum.ts'
import { repeated } from './option-values.ts'

/** Whose cosignatures somebody wants to see. */
export interface WitnessOptions {
  readonly witness?: readonly string[]
  readonly witnessQuorum?: number
}

/** Adds `--witness` and `--witness-quorum`. */
export function addWitnessOptions(command: Command): Command {
  return command
    .option('--witness <key>', 'whose cosignature there must be, by its key; repeatable', repeated)
    .option('--witness-quorum <n>', 'how many of the witnesses are enough (default: all)', count)
}

/** What the options come to. */
export function quorumOf({ witness: keys = [], witnessQuorum }: WitnessOptions): Quorum {
  // Whoever is named twice is still one witness.
  const witnesses = [...new Set(keys)].map((text) => readKey(text, parseWitnessKey))
  const needed = witnessQuorum ?? witnesses.length
  if (needed <= witnesses.length) return { witnesses, needed }
  const message = `${needed} witnesses have to cosign, and --witness names ${witnesses.length}`
  throw new CliError(message, 'name more with --witness KEY, or want fewer')
}

/** Reads a key that somebody gave. */
export function readKey(text: string, parse: (text: string) => Verifier): Verifier {
  try {
    return parse(text)
  } catch (error) {
    if (!(error instanceof LogError)) throw error
    throw new CliError(`${text}: ${error.message}`, 'keys are <name>+<8 digits>+<base64>', error)
  }
}

function count(raw: string): number {
  if (/^[1-9]\d{0,2}$/.test(raw)) return Number(raw)
  throw new InvalidArgumentError('Expected a number of witnesses, such as 2.')
}
