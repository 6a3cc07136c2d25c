import { RegistryError } from './errors.ts'

/** Which page of a list is asked for: at most `limit` items, after the one that `after` names. */
export interface PageRequest {
  readonly limit?: number
  /** The `next` of the page before. */
  readonly after?: string
}

/** One page; `next` is there when more follow. */
export interface Page<T> {
  readonly items: readonly T[]
  readonly next?: string
}

const DEFAULT_PAGE_LIMIT = 50
export const MAX_PAGE_LIMIT = 1000

const MAX_CURSOR_CHARS = 512

/** Reads the two query parameters of every paged list. */
export function parsePageRequest(raw: { limit?: string; after?: string }): PageRequest {
  if (raw.limit !== undefined && !/^[0-9]{1,9}$/.test(raw.limit)) {
    throw new RegistryError('invalid_request', 'limit must be a whole number')
  }
  const request: PageRequest = {
    ...(raw.limit !== undefined && { limit: Number(raw.limit) }),
    ...(raw.after !== undefined && { after: raw.after }),
  }
  checkCursor(request.after)
  pageLimit(request)
  return request
}

/** How many items the page may hold; more than the maximum is cut to it. */
export function pageLimit({ limit = DEFAULT_PAGE_LIMIT }: PageRequest): number {
  if (!Number.isInteger(limit) || limit < 1) {
    throw new RegistryError('invalid_request', 'limit must be a whole number from 1')
  }
  return Math.min(limit, MAX_PAGE_LIMIT)
}

/** The row id that a page of rows ordered by id starts after. */
export function afterId({ after }: PageRequest): number | undefined {
  if (after === undefined) return undefined
  if (!/^[0-9]{1,15}$/.test(after)) {
    throw new RegistryError('invalid_request', 'after must be the next of an earlier page')
  }
  return Number(after)
}

/** The key that a page of rows ordered by key starts after. */
export function afterKey({ after }: PageRequest): string | undefined {
  checkCursor(after)
  return after
}

/** Makes a page of rows that were read with `limit + 1`: the one too many says that more follow. */
export function toPage<R, T>(
  rows: readonly R[],
  request: PageRequest,
  view: { item: (row: R) => T; cursor: (row: R) => string | number },
): Page<T> {
  const limit = pageLimit(request)
  const kept = rows.slice(0, limit)
  const items = kept.map(view.item)
  const last = kept.at(-1)
  if (rows.length <= limit || last === undefined) return { items }
  return { items, next: String(view.cursor(last)) }
}

/** A database may choke on what is no text (PostgreSQL on NUL). */
function checkCursor(after: string | undefined): void {
  if (after === undefined) return
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
  if (after.length > MAX_CURSOR_CHARS || /[\x00-\x1f\x7f]/.test(after) || !after.isWellFormed()) {
    throw new RegistryError('invalid_request', 'after must be the next of an earlier page')
  }
}
