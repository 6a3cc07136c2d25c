import type { App } from '#core/app.ts'
import { describeError } from '#core/jobs/describe-error.ts'
import { PollingLoop } from '#core/polling-loop.ts'
import { commitIndex } from './commit-index.ts'
import { oldestIndexChange } from './index-changes.ts'
import { openIndexRepository } from './index-repository.ts'
import { type IndexedEcosystem, listIndexed, prepareIndex } from './index-state.ts'
import { onIndexChange } from './wake.ts'

/** The part of a process that writes the indices. */
export interface IndexWriter {
  /** Resolves when everything that changed before is in the indices and repositories; for tests. */
  idle(): Promise<void>
  /** Takes in what waits and ends. */
  stop(): Promise<void>
}

interface WriterOptions {
  /** How often to look for changes of other processes. */
  readonly pollMs: number
  /** The shortest time between two commits: what changes meanwhile shares the next one. */
  readonly pauseMs: number
}

/** A full disk, or a missing git, stays: so often it is said. */
const COMPLAIN_MS = 60_000

/**
 * Starts writing what changes into the indices, and keeps this machine's repositories at their newest
 * commits. Any number of processes may do so on one database.
 */
export function startIndexWriter(app: App, options: WriterOptions): IndexWriter {
  const writers = listIndexed(app).map((ecosystem) => new OneIndex(app, ecosystem))
  return new PollingLoop({
    ...options,
    onWork: (wake) => onIndexChange(app, wake),
    async work() {
      const hasMore = await Promise.all(writers.map((writer) => writer.work()))
      return hasMore.includes(true)
    },
  })
}

class OneIndex {
  readonly #app: App
  readonly #ecosystem: IndexedEcosystem
  #isPrepared = false
  readonly #complainedAt = new Map<string, number>()

  constructor(app: App, ecosystem: IndexedEcosystem) {
    this.#app = app
    this.#ecosystem = ecosystem
  }

  /** Answers whether there is more to do at once. */
  async work(): Promise<boolean> {
    const hasMore = await this.#commit()
    try {
      await openIndexRepository(this.#app, this.#ecosystem)
    } catch (error) {
      this.#complain('the repository of an index cannot be written', error)
    }
    return hasMore
  }

  async #commit(): Promise<boolean> {
    const [app, ecosystem] = [this.#app, this.#ecosystem]
    try {
      if (!this.#isPrepared) await prepareIndex(app, ecosystem)
      this.#isPrepared = true
      if ((await oldestIndexChange(app, ecosystem.id)) === undefined) return false
      return (await commitIndex(app, ecosystem)).isFull
    } catch (error) {
      this.#complain('an index cannot be written', error)
      return false
    }
  }

  #complain(message: string, error: unknown): void {
    const at = performance.now()
    if (at - (this.#complainedAt.get(message) ?? Number.NEGATIVE_INFINITY) < COMPLAIN_MS) return
    this.#complainedAt.set(message, at)
    this.#app.log.warn({ ecosystem: this.#ecosystem.id, error: describeError(error) }, message)
  }
}
