import type { Actor } from '#core/access/actor.ts'
import { authorizeOperator } from '#core/access/can.ts'
import type { App } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { change } from '#core/db/change.ts'
import { enqueue } from '#core/jobs/enqueue.ts'
import { collectSchedule } from './collect-job.ts'

/** Has a worker collect soon; one that waits already will do. Operators only. */
export async function requestCollection(app: App, actor: Actor): Promise<{ kind: string }> {
  authorizeOperator(actor)
  const { kind } = collectSchedule()
  await change(app, async (tx) => {
    await enqueue(app, tx, { kind, key: 'schedule', payload: {} })
    await audit(app, tx, actor, { action: 'blobs.request-collection', subject: 'registry' })
  })
  return { kind }
}
