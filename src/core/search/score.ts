import type { SearchQuery } from './search-query.ts'
import { typosOf } from './words.ts'

/** How much a word counts by where it was found: as a whole, or as the beginning of a word. */
const WEIGHTS = {
  name: { whole: 100, start: 80 },
  keywords: { whole: 50, start: 30 },
  path: { whole: 45, start: 28 },
  description: { whole: 25, start: 15 },
} as const
const WITHIN_NAME = 35
const TYPO_IN_NAME = 20

const IS_THE_NAME = 4000
const IS_THE_PATH = 3000
const STARTS_THE_NAME = 1000
const CLOSE_TO_THE_NAME = 500
/** What is deprecated is found, but after its like. */
const DEPRECATED = 4

/** What of a document is scored. */
interface Scored {
  readonly nameKey: string
  readonly words: string
  readonly deprecation: string | null
}

/**
 * How well a document answers, 0 when not at all. It depends on the two alone, never on what else
 * there is: pages stay in place while others publish, and both databases rank alike.
 */
export function scoreOf(query: SearchQuery, document: Scored): number {
  if (query.isEmpty) return 1
  if (query.words.length === 0) return 0
  const score = fitOf(query, document)
  return document.deprecation === null ? score : Math.ceil(score / DEPRECATED)
}

function fitOf(query: SearchQuery, { nameKey, words }: Scored): number {
  const [name = '', keywords = '', path = '', description = ''] = words.split('\n')
  const places = { name, keywords, path, description }
  let sum = 0
  let areAllFound = true
  for (const [at, word] of query.words.entries()) {
    const weight = weigh(word, places) || weighLoosely(query, at, { nameKey, name })
    sum += weight
    if (weight === 0) areAllFound = false
  }
  const bonus = bonusOf(query, nameKey, path)
  if (!areAllFound) return bonus
  return Math.floor((sum * 10) / query.words.length) + bonus
}

function weigh(word: string, places: Record<keyof typeof WEIGHTS, string>): number {
  let best = 0
  for (const place of Object.keys(WEIGHTS) as Array<keyof typeof WEIGHTS>) {
    const { whole, start } = WEIGHTS[place]
    if (whole > best && places[place].includes(` ${word} `)) best = whole
    else if (start > best && places[place].includes(` ${word}`)) best = start
  }
  return best
}

/** Inside a name, or a slip away from one of its words. */
function weighLoosely(
  { words, typos }: SearchQuery,
  at: number,
  { nameKey, name }: { nameKey: string; name: string },
): number {
  const word = words[at] ?? ''
  if (word.length > 2 && nameKey.includes(word)) return WITHIN_NAME
  const wanted = typos[at]
  if (!wanted || wanted.size === 0) return 0
  const isClose = name.split(' ').some((one) => typosOf(one).some((rest) => wanted.has(rest)))
  return isClose ? TYPO_IN_NAME : 0
}

function bonusOf({ key, words }: SearchQuery, nameKey: string, path: string): number {
  if (nameKey === key) return IS_THE_NAME
  if (path.trim() === words.join(' ')) return IS_THE_PATH
  if (!nameKey.startsWith(key)) return 0
  return STARTS_THE_NAME + Math.floor((CLOSE_TO_THE_NAME * key.length) / nameKey.length)
}
