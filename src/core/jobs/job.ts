import type { App } from '#core/app.ts'

/** What a running job may ask of the worker. */
interface JobContext {
  /** Keeps the job for another lease; throws when it was given to somebody else meanwhile. */
  extendLease(): Promise<void>
  /** Aborted when the process stops or the lease is lost: leave off at the next good moment. */
  readonly signal: AbortSignal
}

/**
 * Does one kind of job. A job runs at least once: after a crash, a lost lease or a failure it runs
 * again from the start, so `run` must be idempotent. Jobs of one kind and key never run at once.
 */
export interface JobHandler {
  readonly kind: string
  run(app: App, payload: unknown, context: JobContext): Promise<void>
  /** After so many runs without success the job is dead until an operator retries it. */
  readonly maxAttempts?: number
  /** How long after a crash others wait before they run it again. Renewed while it runs. */
  readonly leaseSeconds?: number
}

/** A kind of job that is enqueued again and again, without payload. */
export interface Schedule {
  readonly kind: string
  readonly everySeconds: number
}

/** Runs of a job before it is dead: with the backoff below, about an hour and a half. */
export const DEFAULT_MAX_ATTEMPTS = 10
export const DEFAULT_LEASE_SECONDS = 60

const FIRST_DELAY_MS = 5_000
const MAX_DELAY_MS = 3_600_000

/** How long to wait after the given number of runs: doubling, and spread so that herds dissolve. */
export function backoffMs(attempts: number, random: number = Math.random()): number {
  const full = Math.min(FIRST_DELAY_MS * 2 ** (attempts - 1), MAX_DELAY_MS)
  return Math.round(full * (0.5 + random / 2))
}
