import type { App } from '#core/app.ts'
import { describeError } from '#core/jobs/describe-error.ts'
import { PollingLoop } from '#core/polling-loop.ts'
import { LogLostError } from './log-memory.ts'
import { ForeignLogKeyError, hasWaitingEntries, sequence } from './sequence.ts'
import { onLogged } from './wake.ts'

/** The part of a process that publishes the log. */
export interface Sequencer {
  /** Resolves when everything that was logged before is published; for tests. */
  idle(): Promise<void>
  /** Publishes what waits and ends. */
  stop(): Promise<void>
}

interface SequencerOptions {
  /** How often to look for entries of other processes. */
  readonly pollMs: number
  /** The shortest time between two checkpoints: what is logged meanwhile shares the next one. */
  readonly pauseMs: number
}

/** A wrong key, or a lost log, stays: so often it is said. */
const COMPLAIN_MS = 60_000

/** Starts publishing what is logged; any number of processes may do so on one database. */
export function startSequencer(app: App, options: SequencerOptions): Sequencer {
  const publisher = new Publisher(app)
  return new PollingLoop({
    ...options,
    onWork: (wake) => onLogged(app, wake),
    work: () => publisher.publish(),
  })
}

class Publisher {
  readonly #app: App
  #isFirst = true
  #complainedAt = Number.NEGATIVE_INFINITY

  constructor(app: App) {
    this.#app = app
  }

  /** Answers whether there is more to do at once. */
  async publish(): Promise<boolean> {
    const app = this.#app
    try {
      // The first time also without entries: there is a checkpoint from the start.
      if (!this.#isFirst && !(await hasWaitingEntries(app))) return false
      const { isFull } = await sequence(app)
      this.#isFirst = false
      return isFull
    } catch (error) {
      this.#complain(error)
      return false
    }
  }

  #complain(error: unknown): void {
    const isLasting = error instanceof ForeignLogKeyError || error instanceof LogLostError
    if (isLasting && performance.now() - this.#complainedAt < COMPLAIN_MS) return
    this.#complainedAt = performance.now()
    this.#app.log.warn({ error: describeError(error) }, 'the log cannot be published')
  }
}
