/** A fixed window, in milliseconds since 1970: windows of one length follow each other from there. */
export interface RateWindow {
  readonly start: number
  readonly end: number
}

/** The window of this length that `at` falls in: the same in every process. */
export function windowOf(windowSeconds: number, at: Date): RateWindow {
  const length = windowSeconds * 1000
  const start = Math.floor(at.getTime() / length) * length
  return { start, end: start + length }
}
