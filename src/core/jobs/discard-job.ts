import type { Actor } from '#core/access/actor.ts'
import { authorizeOperator } from '#core/access/can.ts'
import type { App } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { change } from '#core/db/change.ts'
import { getRestingJob } from './get-resting-job.ts'

/** Gives up a dead or waiting job: it will not run. */
export async function discardJob(app: App, actor: Actor, id: number): Promise<void> {
  authorizeOperator(actor)
  await change(app, async (tx) => {
    const job = await getRestingJob(app, tx, id)
    await tx.deleteFrom('jobs').where('id', '=', id).execute()
    await audit(app, tx, actor, {
      action: 'job.discard',
      subject: `job:${id}`,
      detail: { kind: job.kind, key: job.key, state: job.state, lastError: job.lastError },
    })
  })
}
