/** A count within the current fixed window. */
export interface RateCount {
  /** Including this one. */
  readonly count: number
  readonly resetAt: Date
}

/** Counts events per key in fixed windows, exactly, across every process on one database. */
export interface RateCounter {
  /** Adds `cost` (0 only looks) and returns the count of the window that `at` falls in. */
  add(key: string, windowSeconds: number, cost: number, at: Date): Promise<RateCount>
  /** Forgets windows that ended before `at`. */
  prune(at: Date): Promise<void>
}
