/** How a loop works. */
export interface LoopOptions {
  /** Does what there is to do; answers whether there is more to do at once. Must not throw. */
  readonly work: () => Promise<boolean>
  /** Calls `wake` whenever this process made work; returns how to end that. */
  readonly onWork: (wake: () => void) => () => void
  /** How often to look for the work of other processes. */
  readonly pollMs: number
  /** The shortest time between two rounds: what comes meanwhile is done together. */
  readonly pauseMs: number
}

/** Work in the background that many small causes ask for: soon, but not once for each of them. */
export class PollingLoop {
  readonly #options: LoopOptions
  readonly #unsubscribe: () => void
  readonly #loop: Promise<void>
  #idleWaiters: Array<() => void> = []
  #isStopping = false
  #isWoken = true
  #endSleep: () => void = () => {}

  constructor(options: LoopOptions) {
    this.#options = options
    this.#unsubscribe = options.onWork(() => this.#wake())
    this.#loop = this.#run()
  }

  /** Resolves after a round that began later than this call; for tests. */
  async idle(): Promise<void> {
    if (this.#isStopping) return
    await new Promise<void>((resolve) => {
      this.#idleWaiters.push(resolve)
      this.#wake()
    })
  }

  /** Ends after one more round. */
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

  async #run(): Promise<void> {
    const { work, pollMs, pauseMs } = this.#options
    for (let isLast = false; !isLast; ) {
      isLast = this.#isStopping
      this.#isWoken = false
      const waiters = this.#idleWaiters.splice(0)
      const hasMore = await work()
      for (const resolve of waiters) resolve()
      if (isLast || hasMore) continue
      if (!this.#isStopping) await this.#sleep(pauseMs, () => this.#isStopping)
      if (!this.#isWoken) await this.#sleep(Math.max(pollMs - pauseMs, 0), () => true)
    }
  }

  /** Ends early when it is woken and `mayEnd` says so. */
  async #sleep(ms: number, mayEnd: () => boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#endSleep = () => {
        if (!mayEnd()) return
        clearTimeout(timer)
        resolve()
      }
    })
    this.#endSleep = () => {}
  }
}
