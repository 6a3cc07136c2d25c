import type { Actor } from '#core/access/actor.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { change } from '#core/db/change.ts'
import { RegistryError } from '#core/errors.ts'
import { enqueueWake } from './wake-job.ts'
import { getManagedWebhook, type Webhook } from './webhook.ts'

/**
 * Has a delivery made again, now, whatever became of it; without one all that are dead. Answers how
 * many that are.
 */
export async function redeliver(
  app: App,
  actor: Actor,
  webhookId: number,
  deliveryId?: number,
): Promise<number> {
  return await change(app, async (tx) => {
    const webhook = await getManagedWebhook(tx, actor, webhookId)
    requireActive(webhook)
    const all = tx
      .updateTable('webhookDeliveries')
      .set({ state: 'waiting', attempts: 0, nextAt: now(app) })
      .where('webhookId', '=', webhookId)
    const some =
      deliveryId === undefined ? all.where('state', '=', 'dead') : all.where('id', '=', deliveryId)
    const count = Number((await some.executeTakeFirst()).numUpdatedRows)
    if (count === 0 && deliveryId !== undefined) {
      const message = `webhook ${webhookId} has no delivery ${deliveryId}; they are kept for 30 days`
      throw new RegistryError('delivery_unknown', message)
    }
    await audit(app, tx, actor, {
      action: 'webhook.redeliver',
      subject: `webhook:${webhookId}`,
      ...(webhook.namespaceId !== null && { namespaceId: webhook.namespaceId }),
      detail: { count, ...(deliveryId !== undefined && { delivery: deliveryId }) },
    })
    await enqueueWake(app, tx, [webhookId])
    return count
  })
}

/** Nothing is sent to one that is off. */
export function requireActive({ id, isActive }: Webhook): void {
  if (!isActive) throw new RegistryError('conflict', `webhook ${id} is off: turn it on first`)
}
