import { type App, now } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import type { JobHandler, Schedule } from '#core/jobs/job.ts'

const KIND = 'webhook.clean'
const KEPT_MS = 30 * 86_400_000
/** Small enough that publishing hardly waits. */
const BATCH = 500

/** Forgets deliveries that are old, or whose webhook is gone. */
export const cleanDeliveriesJob: JobHandler = {
  kind: KIND,
  async run(app, _payload, { signal }) {
    while ((await cleanSome(app)) === BATCH) signal.throwIfAborted()
  },
}

/** When that is done. */
export const cleanDeliveriesSchedule: Schedule = { kind: KIND, everySeconds: 6 * 3600 }

async function cleanSome(app: App): Promise<number> {
  return await change(app, async (tx) => {
    const { numDeletedRows } = await tx
      .deleteFrom('webhookDeliveries')
      .where('id', 'in', (eb) =>
        eb
          .selectFrom('webhookDeliveries')
          .select('webhookDeliveries.id')
          .leftJoin('webhooks', 'webhooks.id', 'webhookDeliveries.webhookId')
          .where((e) =>
            e.or([
              e('webhookDeliveries.createdAt', '<', now(app) - KEPT_MS),
              e('webhooks.id', 'is', null),
            ]),
          )
          .limit(BATCH),
      )
      .executeTakeFirst()
    return Number(numDeletedRows)
  })
}
