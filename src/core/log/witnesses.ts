import { parseWitnessKey } from './cosignature.ts'
import { LogError, parseVerifier, type Verifier } from './note.ts'

/** Somebody who cosigns this log. */
export interface LogWitness {
  /** Below it is `add-checkpoint`; without a slash at the end. */
  readonly url: string
  readonly verifier: Verifier
}

/** A log that is cosigned here. */
export interface WitnessedLog {
  readonly origin: string
  readonly verifier: Verifier
}

/** Reads `URL KEY`; undefined when it is not that. */
export function parseLogWitness(text: string): LogWitness | undefined {
  const [url = '', key = '', ...rest] = text.split(/ +/)
  const verifier = orUndefined(() => parseWitnessKey(key))
  if (!/^https?:\/\//.test(url) || !URL.canParse(url) || !verifier || rest.length > 0)
    return undefined
  return { url: url.replace(/\/+$/, ''), verifier }
}

/** Reads `KEY` or, where the log calls itself otherwise than its key, `ORIGIN KEY`. */
export function parseWitnessedLog(text: string): WitnessedLog | undefined {
  const [key = '', origin, ...rest] = text.split(/ +/).reverse()
  const verifier = orUndefined(() => parseVerifier(key))
  if (!verifier || origin === '' || rest.length > 0) return undefined
  return { origin: origin ?? verifier.name, verifier }
}

function orUndefined<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch (error) {
    if (error instanceof LogError) return undefined
    throw error
  }
}
