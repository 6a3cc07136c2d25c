/** One request to somebody's server. */
export interface Posting {
  /** http: or https:. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
}

/** What came back. */
export interface PostAnswer {
  readonly status: number
  /** The beginning of the body. */
  readonly excerpt: string
  /** The header Retry-After, if it was sent. */
  readonly retryAfter: string | undefined
}

/**
 * Posts to targets that strangers chose. It connects to public addresses only (and those that a
 * setting allows), to the very address that it checked, follows no redirect, heeds no proxy, and
 * reads a bounded beginning of the answer. Throws an Error that says why there was no answer.
 */
export interface Poster {
  post(posting: Posting): Promise<PostAnswer>
}

/** Characters of an answer that are kept. */
export const MAX_EXCERPT_BYTES = 1024
