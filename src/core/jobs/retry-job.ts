import type { Actor } from '#core/access/actor.ts'
import { authorizeOperator } from '#core/access/can.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { afterCommit, change } from '#core/db/change.ts'
import { RegistryError } from '#core/errors.ts'
import { getRestingJob } from './get-resting-job.ts'
import { wakeWorkers } from './wake.ts'

/** Lets a dead job run again, as if it had never failed. */
export async function retryJob(app: App, actor: Actor, id: number): Promise<void> {
  authorizeOperator(actor)
  await change(app, async (tx) => {
    const job = await getRestingJob(app, tx, id)
    if (job.state !== 'dead') throw new RegistryError('conflict', `job ${id} is not dead`)
    // A job of the same key that waits already does the same: then this one is only in the way.
    const twin = await tx
      .selectFrom('jobs')
      .select('id')
      .where('kind', '=', job.kind)
      .where('key', '=', job.key)
      .where('key', '<>', '')
      .where('state', '=', 'waiting')
      .executeTakeFirst()
    if (twin) await tx.deleteFrom('jobs').where('id', '=', id).execute()
    else {
      await tx
        .updateTable('jobs')
        .set({ state: 'waiting', runAt: now(app), attempts: 0 })
        .where('id', '=', id)
        .execute()
    }
    await audit(app, tx, actor, {
      action: 'job.retry',
      subject: `job:${id}`,
      detail: { kind: job.kind, key: job.key },
    })
    afterCommit(tx, () => wakeWorkers(app))
  })
}
