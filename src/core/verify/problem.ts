import type { App } from '#core/app.ts'

/** Every way in which what the registry remembers can be wrong. */
export type ProblemKind =
  | 'blob_missing'
  | 'blob_size'
  | 'blob_digest'
  | 'release_empty'
  | 'release_digest'
  | 'release_removed'
  | 'file_blob'
  | 'file_size'
  | 'file_link'
  | 'tag_release'
  | 'link_namespace'
  | 'used_bytes'
  | 'upload_parts'
  | 'search_document'
  | 'search_index'
  | 'log_record'
  | 'log_position'
  | 'log_tile'
  | 'log_root'
  | 'log_signature'
  | 'release_unlogged'
  | 'index_file'
  | 'index_commit'
  | 'index_history'
  | 'index_repository'
  | 'index_archive'

/** One thing that is wrong. */
export interface Problem {
  readonly kind: ProblemKind
  /** What it is about: 'blob sha256:…', 'release 12 of package 3'. */
  readonly subject: string
  /** What is and what should be. */
  readonly detail: string
}

/** What every check knows. */
export interface VerifyRun {
  readonly app: App
  readonly checkBytes: boolean
  report(problem: Problem): void
}

/** One check over one table, page by page: yields how many rows each page had. */
export type Check = (run: VerifyRun) => AsyncIterable<number>

/** Rows read by one query. */
export const PAGE_ROWS = 500
