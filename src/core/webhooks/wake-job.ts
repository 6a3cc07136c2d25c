import { type App, now } from '#core/app.ts'
import { afterCommit, change } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { enqueue } from '#core/jobs/enqueue.ts'
import type { JobHandler } from '#core/jobs/job.ts'
import { wakeWorkers } from '#core/jobs/wake.ts'

const WAKE = 'webhook.wake'
/** The job that delivers what waits for one webhook; its key is the webhook's id. */
export const DELIVER = 'webhook.deliver'

/**
 * Has deliveries looked at once this is committed. A job of its own without a key: on one key,
 * publishes would wait for each other's commit.
 */
export async function enqueueWake(app: App, tx: Tx, webhookIds: readonly number[]): Promise<void> {
  await enqueue(app, tx, { kind: WAKE, payload: { webhookIds } })
}

/** Calls the jobs that deliver. */
export const wakeWebhooksJob: JobHandler = {
  kind: WAKE,
  async run(app, payload) {
    for (const id of idsOf(payload)) {
      await change(app, (tx) => enqueueDeliver(app, tx, id, now(app)))
    }
  },
}

/** Has the job of a webhook run at a time, or before: it never waits longer than it did. */
export async function enqueueDeliver(
  app: App,
  tx: Tx,
  webhookId: number,
  at: number,
): Promise<void> {
  const key = String(webhookId)
  const payload = { webhookId }
  await enqueue(app, tx, { kind: DELIVER, key, payload, runAt: new Date(at) })
  await tx
    .updateTable('jobs')
    .set({ runAt: at })
    .where('kind', '=', DELIVER)
    .where('key', '=', key)
    .where('state', '=', 'waiting')
    .where('runAt', '>', at)
    .execute()
  afterCommit(tx, () => wakeWorkers(app))
}

function idsOf(payload: unknown): number[] {
  if (typeof payload !== 'object' || payload === null || !('webhookIds' in payload)) return []
  return Array.isArray(payload.webhookIds) ? payload.webhookIds.filter(Number.isSafeInteger) : []
}
