import { RegistryError } from '#core/errors.ts'
import { typosOf, wordsOf } from './words.ts'

const MAX_QUERY_CHARS = 256
const MAX_QUERY_WORDS = 8

/** What somebody typed, in the words of the index. */
export interface SearchQuery {
  readonly words: readonly string[]
  /** The words in one, as names have them. */
  readonly key: string
  /** True when nothing was typed: everything that the filters leave is found. */
  readonly isEmpty: boolean
  /** What each word shares with words that are one slip away. */
  readonly typos: ReadonlyArray<ReadonlySet<string>>
}

/** Reads what was typed. It has no syntax: whatever is no letter or digit separates words. */
export function parseSearch(raw: string): SearchQuery {
  if (raw.length > MAX_QUERY_CHARS) {
    throw new RegistryError('invalid_request', `q is longer than ${MAX_QUERY_CHARS} characters`)
  }
  const words = wordsOf(raw, MAX_QUERY_WORDS)
  return {
    words,
    key: words.join(''),
    isEmpty: raw.trim() === '',
    typos: words.map((word) => new Set(typosOf(word))),
  }
}
