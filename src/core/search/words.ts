const MAX_WORD_CHARS = 48
const SHORTEST_WITH_TYPOS = 4
const LONGEST_WITH_TYPOS = 24
const GRAM_CHARS = 3

/**
 * The words of a text as search knows them: letters and digits, lower-case, without accents, each
 * once. Nothing else comes through, so a word can stand in any query language.
 */
export function wordsOf(text: string, maxWords: number): string[] {
  const words = new Set<string>()
  const plain = text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
  for (const [word] of plain.matchAll(/[\p{L}\p{N}]+/gu)) {
    words.add([...word].slice(0, MAX_WORD_CHARS).join(''))
    if (words.size === maxWords) break
  }
  return [...words]
}

/** Every run of three characters: a text that has all of a word's is likely to contain it. */
export function gramsOf(word: string): string[] {
  const letters = [...word]
  const grams = new Set<string>()
  for (let at = 0; at + GRAM_CHARS <= letters.length; at++) {
    grams.add(letters.slice(at, at + GRAM_CHARS).join(''))
  }
  return [...grams]
}

/**
 * The word, and what is left of it without any one letter. Two words that are one slip apart (a
 * letter more, less, other, or two swapped) share one of these; few other words do, so looking
 * them up costs little. Nothing for short words: a slip makes another word of them.
 */
export function typosOf(word: string): string[] {
  const letters = [...word]
  if (letters.length < SHORTEST_WITH_TYPOS || letters.length > LONGEST_WITH_TYPOS) return []
  return [...new Set([word, ...letters.map((_, at) => letters.toSpliced(at, 1).join(''))])]
}
