import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import { type App, now } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import type { Row, Schema } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { DEFAULT_LEASE_SECONDS, type JobHandler } from './job.ts'

/** A job that this process may run until its lease ends. */
export interface LeasedJob {
  readonly id: number
  readonly kind: string
  readonly payload: unknown
  /** Runs so far, this one included. */
  readonly attempts: number
  /** Made for this run alone: whoever lost the lease can change nothing any more. */
  readonly leaseOwner: string
}

/** Takes the job that is due longest, if any. Costs two small reads when nothing is due. */
export async function leaseDueJob(
  app: App,
  handlers: ReadonlyMap<string, JobHandler>,
): Promise<LeasedJob | undefined> {
  const { db, dialect } = app.database
  const kinds = [...handlers.keys()]
  if (kinds.length === 0) return undefined
  const at = now(app)
  const isDue =
    (await abandonedJobs(db, kinds, at).executeTakeFirst()) ??
    (await waitingJobs(db, kinds, at).executeTakeFirst())
  if (!isDue) return undefined
  return await change(app, async (tx) => {
    const row =
      (await dialect.claim(abandonedJobs(tx, kinds, at)).executeTakeFirst()) ??
      (await dialect.claim(waitingJobs(tx, kinds, at)).executeTakeFirst())
    if (!row) return undefined
    const leaseSeconds = handlers.get(row.kind)?.leaseSeconds ?? DEFAULT_LEASE_SECONDS
    const lease = {
      attempts: row.attempts + 1,
      leaseOwner: randomUUID(),
      leaseUntil: at + leaseSeconds * 1000,
    }
    await tx
      .updateTable('jobs')
      .set({ state: 'running', ...lease })
      .where('id', '=', row.id)
      .execute()
    return leasedJob(row, lease)
  })
}

/** Keeps a job for longer; false when it was given to somebody else. */
export async function renewLease(app: App, job: LeasedJob, leaseSeconds: number): Promise<boolean> {
  return await change(app, async (tx) => {
    const { numUpdatedRows } = await tx
      .updateTable('jobs')
      .set({ leaseUntil: now(app) + leaseSeconds * 1000 })
      .where('id', '=', job.id)
      .where('leaseOwner', '=', job.leaseOwner)
      .executeTakeFirst()
    return numUpdatedRows > 0n
  })
}

/** What becomes of a job that did not succeed. */
export type Outcome =
  | { readonly state: 'waiting'; readonly runAt: number; readonly attempts: number }
  | { readonly state: 'dead' }

/** Ends a run that succeeded: the job is gone. Does nothing when the lease was lost. */
export async function completeJob(app: App, job: LeasedJob): Promise<void> {
  await change(app, (tx) =>
    tx
      .deleteFrom('jobs')
      .where('id', '=', job.id)
      .where('leaseOwner', '=', job.leaseOwner)
      .execute(),
  )
}

/** Ends a run that did not succeed. Does nothing when the lease was lost. */
export async function giveBackJob(
  app: App,
  job: LeasedJob,
  outcome: Outcome,
  lastError: string | null,
): Promise<void> {
  try {
    await change(app, (tx) =>
      tx
        .updateTable('jobs')
        .set({ ...outcome, lastError, leaseOwner: null, leaseUntil: null })
        .where('id', '=', job.id)
        .where('leaseOwner', '=', job.leaseOwner)
        .execute(),
    )
  } catch (error) {
    const cause = error instanceof RegistryError ? error.cause : error
    if (!app.database.dialect.isUniqueViolation(cause)) throw error
    // A job of the same key came to wait meanwhile: it will do what this one did not.
    await completeJob(app, job)
  }
}

// Two queries rather than one with OR: each is one step into an index, however many jobs wait.

/** Jobs whose runner is silent since its lease ended. */
function abandonedJobs(db: Kysely<Schema>, kinds: readonly string[], at: number) {
  return db
    .selectFrom('jobs')
    .selectAll('jobs')
    .where('jobs.state', '=', 'running')
    .where('jobs.leaseUntil', '<=', at)
    .where('jobs.kind', 'in', kinds)
    .limit(1)
}

/** Jobs that wait and whose time has come, the longest due first. */
function waitingJobs(db: Kysely<Schema>, kinds: readonly string[], at: number) {
  return (
    db
      .selectFrom('jobs')
      .selectAll('jobs')
      .where('jobs.state', '=', 'waiting')
      .where('jobs.runAt', '<=', at)
      .where('jobs.kind', 'in', kinds)
      // One after the other within a key, so that an older run never overwrites a newer one.
      .where((e) =>
        e.not(
          e.exists(
            e
              .selectFrom('jobs as other')
              .select('other.id')
              .where('other.state', '=', 'running')
              .where('other.key', '<>', '')
              .whereRef('other.kind', '=', 'jobs.kind')
              .whereRef('other.key', '=', 'jobs.key'),
          ),
        ),
      )
      .orderBy('jobs.runAt')
      .limit(1)
  )
}

function leasedJob(row: Row<'jobs'>, lease: Pick<LeasedJob, 'attempts' | 'leaseOwner'>): LeasedJob {
  return {
    id: row.id,
    kind: row.kind,
    payload: JSON.parse(row.payload),
    attempts: lease.attempts,
    leaseOwner: lease.leaseOwner,
  }
}
