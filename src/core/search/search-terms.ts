import {
  ANY_TERM,
  dayTerm,
  ecosystemTerm,
  gramTerm,
  keywordTerm,
  licenseTerm,
  monthTerm,
  namespaceTerm,
  nameTerm,
  typoTerm,
  wordTerm,
} from './document.ts'
import type { TermQuery } from './search-index.ts'
import type { SearchQuery } from './search-query.ts'
import type { SearchScope } from './search-scope.ts'
import { gramsOf, typosOf } from './words.ts'

const DAY_MS = 86_400_000
const MAX_DAYS = 45
const MAX_MONTHS = 36
/** Looking up the beginnings of words costs as much as there are words that begin so. */
const TOO_MANY_BEGIN_SO = /^[a-z0-9]{1,2}$/

/** What every document has that the filters leave. */
export function scopeTerms(scope: SearchScope, at: number): TermQuery[] {
  const { ecosystem, namespaceId, keyword, license, updatedSince } = scope
  const terms: Array<TermQuery | undefined> = [
    ecosystem === undefined ? undefined : { term: ecosystemTerm(ecosystem) },
    namespaceId === undefined ? undefined : { term: namespaceTerm(namespaceId) },
    keyword === undefined ? undefined : { term: keywordTerm(keyword) },
    license === undefined ? undefined : { term: licenseTerm(license) },
    updatedSince === undefined ? undefined : sinceTerms(updatedSince, at),
  ]
  return terms.filter((term) => term !== undefined)
}

/** Every word of the query begins a word of the name. */
export function inNames({ words }: SearchQuery): TermQuery[] {
  return words.map((word) => startingWith(nameTerm(word), word))
}

/** Every word of the query begins a word of the document. */
export function anywhere({ words }: SearchQuery): TermQuery[] {
  return words.length === 0
    ? [{ term: ANY_TERM }]
    : words.map((word) => startingWith(wordTerm(word), word))
}

/** The same, but a word may also be inside a name, or a slip away from one of its words. */
export function loosely({ words }: SearchQuery): TermQuery[] {
  return words.map((word) => {
    const inside = gramsOf(word).map((gram) => ({ term: gramTerm(gram) }))
    const typos = typosOf(word).map((rest) => ({ term: typoTerm(rest) }))
    return {
      any: [
        startingWith(wordTerm(word), word),
        ...(inside.length > 0 ? [{ all: inside }] : []),
        ...typos,
      ],
    }
  })
}

function startingWith(term: string, word: string): TermQuery {
  return TOO_MANY_BEGIN_SO.test(word) ? { term } : { prefix: term }
}

/** The days or months since then; nothing for a time so long ago that it hardly narrows. */
function sinceTerms(since: number, at: number): TermQuery | undefined {
  // A day more: clocks of nodes differ.
  const until = at + DAY_MS
  if (since > until) return { any: [{ term: dayTerm(since) }] }
  const days = Math.ceil((until - since) / DAY_MS)
  if (days <= MAX_DAYS) {
    return { any: range(days + 1).map((n) => ({ term: dayTerm(since + n * DAY_MS) })) }
  }
  const start = new Date(since)
  const end = new Date(until)
  const months =
    (end.getUTCFullYear() - start.getUTCFullYear()) * 12 + end.getUTCMonth() - start.getUTCMonth()
  if (months > MAX_MONTHS) return undefined
  const month = (n: number) => Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + n)
  return { any: range(months + 1).map((n) => ({ term: monthTerm(month(n)) })) }
}

function range(length: number): number[] {
  return Array.from({ length }, (_, n) => n)
}
