import type { App } from '#core/app.ts'
import { describeError } from '#core/jobs/describe-error.ts'
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

/** A wrong key stays wrong: so often it is said. */
const COMPLAIN_MS = 60_000

/** Starts publishing what is logged; any number of processes may do so on one database. */
export function startSequencer(app: App, options: SequencerOptions): Sequencer {
  return new PollingSequencer(app, options)
}

class PollingSequencer implements Sequencer {
  readonly #app: App
  readonly #options: SequencerOptions
  readonly #unsubscribe: () => void
  readonly #loop: Promise<void>
  #idleWaiters: Array<() => void> = []
  #isStopping = false
  #isWoken = true
  #isFirst = true
  #complainedAt = Number.NEGATIVE_INFINITY
  #endSleep: () => void = () => {}

  constructor(app: App, options: SequencerOptions) {
    this.#app = app
    this.#options = options
    this.#unsubscribe = onLogged(app, () => this.#wake())
    this.#loop = this.#work()
  }

  async idle(): Promise<void> {
    if (this.#isStopping) return
    await new Promise<void>((resolve) => {
      this.#idleWaiters.push(resolve)
      this.#wake()
    })
  }

  async stop(): Promise<void> {
    this.#unsubscribe()
    this.#isStopping = true
    this.#wake()
    await this.#loop
  }

  #wake(): void {
    this.#isWoken = true
    this.#endSleep()
  }

  async #work(): Promise<void> {
    for (let isLast = false; !isLast; ) {
      isLast = this.#isStopping
      this.#isWoken = false
      const waiters = this.#idleWaiters.splice(0)
      const isFull = await this.#publish()
      for (const resolve of waiters) resolve()
      if (isLast || isFull) continue
      const { pollMs, pauseMs } = this.#options
      if (!this.#isStopping) await sleep(pauseMs)
      if (!this.#isWoken && !this.#isStopping) await this.#sleep(Math.max(pollMs - pauseMs, 0))
    }
  }

  /** Answers whether there is more to do at once. */
  async #publish(): Promise<boolean> {
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
    const isLasting = error instanceof ForeignLogKeyError
    if (isLasting && performance.now() - this.#complainedAt < COMPLAIN_MS) return
    this.#complainedAt = performance.now()
    this.#app.log.warn({ error: describeError(error) }, 'the log cannot be published')
  }

  async #sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#endSleep = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#endSleep = () => {}
  }
}

async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}
