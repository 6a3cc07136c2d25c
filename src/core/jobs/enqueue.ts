import { type App, now } from '#core/app.ts'
import { afterCommit } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { wakeWorkers } from './wake.ts'

/** Work to be done once the change is committed. */
export interface NewJob {
  readonly kind: string
  /** With a key, nothing is added while a job of this kind and key waits: that one will do. */
  readonly key?: string
  readonly payload: unknown
  /** Not before; at once when missing. */
  readonly runAt?: Date
}

/** Adds a job in the change's own transaction, so that it is done if and only if that commits. */
export async function enqueue(app: App, tx: Tx, job: NewJob): Promise<void> {
  const at = now(app)
  await tx
    .insertInto('jobs')
    .values({
      kind: job.kind,
      key: job.key ?? '',
      payload: JSON.stringify(job.payload ?? {}),
      state: 'waiting',
      runAt: job.runAt?.getTime() ?? at,
      attempts: 0,
      leaseOwner: null,
      leaseUntil: null,
      lastError: null,
      createdAt: at,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  afterCommit(tx, () => wakeWorkers(app))
}
