import type { App } from '#core/app.ts'
import { describeError } from './describe-error.ts'
import type { JobHandler, Schedule } from './job.ts'
import { leaseDueJob } from './lease.ts'
import { runJob } from './run-job.ts'
import { declareSchedules, enqueueScheduled } from './schedules.ts'
import { onEnqueued } from './wake.ts'

const DEFAULT_CONCURRENCY = 2
/** How long `stop` waits for handlers that do not heed their signal; their leases then run out. */
const STOP_GRACE_MS = 10_000

/** The part of a process that runs jobs. */
export interface Worker {
  /** Looks for work now. */
  wake(): void
  /** Resolves when nothing is due and nothing runs here; for tests. */
  idle(): Promise<void>
  /** Takes no more jobs, tells the running ones, and waits for them a while. */
  stop(): Promise<void>
}

interface WorkerOptions {
  /** How often to look for jobs of other processes and for schedules. */
  readonly pollMs: number
  /** How many jobs run at once here. */
  readonly concurrency?: number
}

/** Starts running jobs and schedules; any number of processes may do so on one database. */
export function startWorker(
  app: App,
  handlers: readonly JobHandler[],
  schedules: readonly Schedule[],
  options: WorkerOptions,
): Worker {
  return new PollingWorker(app, handlers, schedules, options)
}

class PollingWorker implements Worker {
  readonly #app: App
  readonly #handlers: ReadonlyMap<string, JobHandler>
  readonly #schedules: readonly Schedule[]
  readonly #pollMs: number
  readonly #concurrency: number
  readonly #running = new Set<Promise<void>>()
  readonly #stopping = new AbortController()
  readonly #unsubscribe: () => void
  readonly #loop: Promise<void>
  #idleWaiters: Array<() => void> = []
  #isWoken = false
  #endSleep: () => void = () => {}

  constructor(
    app: App,
    handlers: readonly JobHandler[],
    schedules: readonly Schedule[],
    { pollMs, concurrency = DEFAULT_CONCURRENCY }: WorkerOptions,
  ) {
    this.#app = app
    this.#handlers = new Map(handlers.map((handler) => [handler.kind, handler]))
    this.#schedules = schedules
    this.#pollMs = pollMs
    this.#concurrency = concurrency
    this.#unsubscribe = onEnqueued(app, () => this.wake())
    this.#loop = this.#work()
  }

  wake(): void {
    this.#isWoken = true
    this.#endSleep()
  }

  async idle(): Promise<void> {
    if (this.#stopping.signal.aborted) return
    await new Promise<void>((resolve) => {
      this.#idleWaiters.push(resolve)
      this.wake()
    })
  }

  async stop(): Promise<void> {
    this.#unsubscribe()
    this.#stopping.abort(new Error('the process is stopping'))
    this.wake()
    await this.#loop
    await Promise.race([Promise.all(this.#running), giveUp(STOP_GRACE_MS)])
    for (const resolve of this.#idleWaiters) resolve()
  }

  async #work(): Promise<void> {
    let isDeclared = false
    while (!this.#stopping.signal.aborted) {
      this.#isWoken = false
      const waiters = this.#idleWaiters.splice(0)
      try {
        if (!isDeclared) await declareSchedules(this.#app, this.#schedules)
        isDeclared = true
        await enqueueScheduled(this.#app, this.#schedules)
        await this.#fill()
        if (this.#running.size === 0) for (const resolve of waiters.splice(0)) resolve()
      } catch (error) {
        // The database is away: look again at the next poll.
        this.#app.log.warn({ error: describeError(error) }, 'the worker cannot look for jobs')
        this.#isWoken = false
      }
      this.#idleWaiters.unshift(...waiters)
      await this.#sleep()
    }
  }

  /** Starts jobs until nothing is due or enough run. */
  async #fill(): Promise<void> {
    while (this.#running.size < this.#concurrency && !this.#stopping.signal.aborted) {
      const job = await leaseDueJob(this.#app, this.#handlers)
      const handler = job && this.#handlers.get(job.kind)
      if (!handler) return
      const run = runJob(this.#app, handler, job, this.#stopping.signal)
        .catch((error: unknown) => {
          // Its end could not be written down: its lease runs out and it runs again.
          const fields = { job: job.id, kind: job.kind, error: describeError(error) }
          this.#app.log.error(fields, 'the end of a job is not recorded')
        })
        .finally(() => {
          this.#running.delete(run)
          this.wake()
        })
      this.#running.add(run)
    }
  }

  async #sleep(): Promise<void> {
    if (this.#isWoken) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#pollMs)
      this.#endSleep = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#endSleep = () => {}
  }
}

async function giveUp(ms: number): Promise<void> {
  await new Promise<void>((resolve) => setTimeout(resolve, ms).unref())
}
