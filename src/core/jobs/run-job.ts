import { type App, now } from '#core/app.ts'
import { describeError } from './describe-error.ts'
import { backoffMs, DEFAULT_LEASE_SECONDS, DEFAULT_MAX_ATTEMPTS, type JobHandler } from './job.ts'
import { completeJob, giveBackJob, type LeasedJob, renewLease } from './lease.ts'

/** Runs one leased job to its end, whichever that is, and keeps its lease meanwhile. */
export async function runJob(
  app: App,
  handler: JobHandler,
  job: LeasedJob,
  stopping: AbortSignal,
): Promise<void> {
  const maxAttempts = handler.maxAttempts ?? DEFAULT_MAX_ATTEMPTS
  const leaseSeconds = handler.leaseSeconds ?? DEFAULT_LEASE_SECONDS
  if (job.attempts > maxAttempts) {
    // Every run ended with the process: running it again may bring down the next one.
    return await bury(app, job, 'the process died while it ran')
  }
  const lost = new AbortController()
  const extendLease = async (): Promise<void> => {
    if (await renewLease(app, job, leaseSeconds)) return
    const error = new Error(`the lease of job ${job.id} is lost`)
    lost.abort(error)
    throw error
  }
  const warn = (error: unknown) =>
    app.log.warn({ job: job.id, kind: job.kind, error: describeError(error) }, 'no new lease')
  const renewal = setInterval(() => void extendLease().catch(warn), (leaseSeconds * 1000) / 3)
  const signal = AbortSignal.any([stopping, lost.signal])
  try {
    await handler.run(app, job.payload, { extendLease, signal })
  } catch (error) {
    if (stopping.aborted) return await postpone(app, job)
    if (job.attempts >= maxAttempts) return await bury(app, job, describeError(error))
    return await retryLater(app, job, describeError(error))
  } finally {
    clearInterval(renewal)
  }
  await completeJob(app, job)
}

/** The process stops, which is no failure of the job. */
async function postpone(app: App, job: LeasedJob): Promise<void> {
  const outcome = { state: 'waiting', runAt: now(app), attempts: job.attempts - 1 } as const
  await giveBackJob(app, job, outcome, null)
}

async function retryLater(app: App, job: LeasedJob, reason: string): Promise<void> {
  const runAt = now(app) + backoffMs(job.attempts)
  app.log.warn({ job: job.id, kind: job.kind, attempts: job.attempts, reason }, 'job failed')
  await giveBackJob(app, job, { state: 'waiting', runAt, attempts: job.attempts }, reason)
}

async function bury(app: App, job: LeasedJob, reason: string): Promise<void> {
  app.log.warn({ job: job.id, kind: job.kind, attempts: job.attempts, reason }, 'job is dead')
  await giveBackJob(app, job, { state: 'dead' }, reason)
}
