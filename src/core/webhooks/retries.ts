const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** After each failed try, how long until the next one: 8 tries within a day. */
const DELAYS_MS = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  8 * HOUR,
  8 * HOUR,
] as const

/** A delivery that failed so often is dead until somebody asks for it again. */
export const MAX_TRIES: number = DELAYS_MS.length + 1
/** So many dead ones with nothing delivered between them turn the webhook off. */
export const MAX_DEAD_IN_A_ROW = 5

const MAX_RETRY_AFTER_MS = 8 * HOUR

/** How long to wait after so many tries; up to a tenth longer, so that herds dissolve. */
export function retryDelayMs(tries: number, random: number = Math.random()): number {
  const delay = DELAYS_MS[Math.min(tries, DELAYS_MS.length) - 1] ?? DELAYS_MS[0]
  return Math.round(delay * (1 + random / 10))
}

/** What a target asks for with Retry-After, in seconds or as a date; 0 when it does not. */
export function retryAfterMs(header: string | undefined, at: number): number {
  if (header === undefined) return 0
  const asked = /^\d{1,9}$/.test(header) ? Number(header) * SECOND : Date.parse(header) - at
  return Number.isFinite(asked) ? Math.min(Math.max(asked, 0), MAX_RETRY_AFTER_MS) : 0
}
