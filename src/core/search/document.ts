import { createHash } from 'node:crypto'
import type { Visibility } from '#core/db/schema.ts'
import { gramsOf, typosOf, wordsOf } from './words.ts'

const MAX_DESCRIPTION_CHARS = 500
const MAX_KEYWORDS = 50
const MAX_KEYWORD_CHARS = 64
const MAX_LICENSE_CHARS = 200
const MAX_NAME_WORDS = 16
const MAX_TEXT_WORDS = 80

/** What is known of a package that can be searched. */
export interface Searchable {
  readonly id: number
  readonly ecosystem: string
  readonly namespaceId: number
  readonly path: string
  readonly name: string
  readonly visibility: Visibility
  readonly updatedAt: number
  readonly releaseId: number
  /** JSON of the newest release. */
  readonly metadata: string
}

/** The row of a package in `search_documents`, and the terms under which it is found. */
export interface SearchDocument {
  readonly row: {
    readonly packageId: number
    readonly releaseId: number
    /** The words of its name in one, for what begins with what was typed. */
    readonly nameKey: string
    /** Four lines: words of name, keywords, path and description, with a space around each. */
    readonly words: string
    readonly description: string
    /** JSON array. */
    readonly keywords: string
    readonly license: string
    /** Tells whether the terms in the index are these. */
    readonly termsHash: string
  }
  readonly terms: readonly string[]
}

/** Makes the document of a package: pure, the same on every database. */
export function documentOf(from: Searchable): SearchDocument {
  const { description, keywords, license } = describe(JSON.parse(from.metadata))
  const name = wordsOf(from.name, MAX_NAME_WORDS)
  const parts = {
    name,
    keywords: wordsOf(keywords.join(' '), MAX_TEXT_WORDS),
    path: wordsOf(from.path, MAX_NAME_WORDS),
    description: wordsOf(description, MAX_TEXT_WORDS),
  }
  const nameKey = name.join('')
  const terms = [
    ...name.map(nameTerm),
    ...Object.values(parts).flat().map(wordTerm),
    ...gramsOf(nameKey).map(gramTerm),
    ...name.flatMap(typosOf).map(typoTerm),
    ...facetsOf(from, keywords, license),
  ]
  const distinct = [...new Set(terms)].sort()
  const row = {
    packageId: from.id,
    releaseId: from.releaseId,
    nameKey,
    words: Object.values(parts)
      .map((words) => ` ${words.join(' ')} `)
      .join('\n'),
    description,
    keywords: JSON.stringify(keywords),
    license,
    termsHash: createHash('sha256').update(distinct.join(' ')).digest('base64url').slice(0, 22),
  }
  return { row, terms: distinct }
}

// The first letter of a term says what kind it is, so that a word is never taken for a filter.
export const nameTerm = (word: string): string => `n${word}`
export const wordTerm = (word: string): string => `w${word}`
export const gramTerm = (gram: string): string => `g${gram}`
export const typoTerm = (rest: string): string => `t${rest}`
export const ecosystemTerm = (id: string): string => `e${hex(id)}`
export const namespaceTerm = (id: number): string => `s${id}`
export const packageTerm = (id: number): string => `p${id}`
export const keywordTerm = (keyword: string): string => `k${hex(keyword.toLowerCase())}`
export const licenseTerm = (license: string): string => `l${hex(license.toLowerCase())}`
export const monthTerm = (at: number): string => `m${dateOf(at).slice(0, 6)}`
export const dayTerm = (at: number): string => `d${dateOf(at)}`
export const PUBLIC_TERM = 'vpublic'
/** Every document has it. */
export const ANY_TERM = 'a'

function facetsOf(from: Searchable, keywords: readonly string[], license: string): string[] {
  return [
    ANY_TERM,
    packageTerm(from.id),
    ecosystemTerm(from.ecosystem),
    namespaceTerm(from.namespaceId),
    ...(from.visibility === 'public' ? [PUBLIC_TERM] : []),
    ...keywords.map(keywordTerm),
    ...licensesIn(license).map(licenseTerm),
    monthTerm(from.updatedAt),
    dayTerm(from.updatedAt),
  ]
}

/** 'MIT OR Apache-2.0' is found under each of them, and as a whole. */
export function licensesIn(license: string): string[] {
  const ids = license.split(/[\s()]+/).filter((id) => !/^(and|or|with)?$/i.test(id))
  return license === '' ? [] : [license, ...ids]
}

/** What anybody's metadata says about itself: plain keys, or the annotations of an OCI manifest. */
function describe(metadata: Record<string, unknown>) {
  const annotations = (metadata.annotations ?? {}) as Record<string, unknown>
  const find = (key: string, annotation: string) =>
    metadata[key] ?? annotations[`org.opencontainers.image.${annotation}`]
  const keywords = find('keywords', 'keywords')
  const list = typeof keywords === 'string' ? keywords.split(',') : keywords
  return {
    description: plain(find('description', 'description'), MAX_DESCRIPTION_CHARS),
    keywords: (Array.isArray(list) ? list : [])
      .map((keyword) => plain(keyword, MAX_KEYWORD_CHARS))
      .filter((keyword) => keyword !== '')
      .slice(0, MAX_KEYWORDS),
    license: plain(find('license', 'licenses'), MAX_LICENSE_CHARS),
  }
}

/** Text without control characters, which a database may choke on (PostgreSQL on NUL). */
function plain(raw: unknown, maxChars: number): string {
  if (typeof raw !== 'string') return ''
  const text = raw.slice(0, maxChars).toWellFormed()
  return text.replace(/\p{Cc}+/gu, ' ').trim()
}

function hex(text: string): string {
  return Buffer.from(text).toString('hex')
}

function dateOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10).replaceAll('-', '')
}
