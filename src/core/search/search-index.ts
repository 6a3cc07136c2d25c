import type { RawBuilder } from 'kysely'
import type { Tx } from '#core/db/schema.ts'

/** What is looked for in the terms of documents; see terms.ts. */
export type TermQuery =
  | { readonly term: string }
  | { readonly prefix: string }
  | { readonly all: readonly TermQuery[] }
  | { readonly any: readonly TermQuery[] }

/** The terms of a document: letters and digits. */
interface DocumentTerms {
  readonly packageId: number
  readonly terms: readonly string[]
}

/**
 * Which documents have which terms: an inverted index inside the database, in its own full-text
 * machinery. Terms are made and weighed by core, so that both databases find the same.
 */
export interface SearchIndex {
  /** Run by the migration, after the table `search_documents`. */
  create(tx: Tx): Promise<void>
  /** Replaces the terms of some documents, which have rows; they go with those. */
  write(tx: Tx, documents: readonly DocumentTerms[]): Promise<void>
  /**
   * A subquery for the ids of matching documents, at most so many. It stops when it has them, so
   * that its cost is bounded however many match.
   */
  idsMatching(query: TermQuery, limit: number): RawBuilder<number>
}
