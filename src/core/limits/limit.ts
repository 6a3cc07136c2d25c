import { type App, now } from '#core/app.ts'

/** How much of something a subject may do per window. */
export interface RateRule {
  /** Names what is counted; rules with one name share their counts. */
  readonly name: string
  /** 0 is unlimited. */
  readonly limit: number
  readonly windowSeconds: number
}

/** Where a subject stands against a rule. */
export interface RateResult {
  readonly rule: RateRule
  /** 0 is unlimited. */
  readonly limit: number
  readonly remaining: number
  readonly resetAt: Date
  readonly allowed: boolean
  /** Until the window ends, at least 1. */
  readonly retryAfterSeconds: number
}

/**
 * Counts `cost` against a rule and tells whether the subject is still within it. What is refused is
 * counted too. A cost of 0 counts nothing and tells whether one more would be allowed.
 */
export async function takeRate(
  app: App,
  rule: RateRule,
  subject: string,
  cost = 1,
): Promise<RateResult> {
  const { limit, windowSeconds } = rule
  const at = app.clock()
  if (limit === 0) {
    const remaining = Number.POSITIVE_INFINITY
    return { rule, limit, remaining, resetAt: at, allowed: true, retryAfterSeconds: 1 }
  }
  const key = `${rule.name}:${subject}`
  const { count, resetAt } = await app.rates.add(key, windowSeconds, cost, at)
  return {
    rule,
    limit,
    remaining: Math.max(limit - count, 0),
    resetAt,
    allowed: cost === 0 ? count < limit : count <= limit,
    retryAfterSeconds: Math.max(Math.ceil((resetAt.getTime() - now(app)) / 1000), 1),
  }
}
