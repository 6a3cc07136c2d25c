import type { Actor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { change } from '#core/db/change.ts'
import { addDeliveries, newMessageId } from './announce.ts'
import { requireActive } from './redeliver.ts'
import { getManagedWebhook } from './webhook.ts'

/** Sends an event that says nothing, to see whether it arrives; answers the delivery's id. */
export async function pingWebhook(app: App, actor: Actor, id: number): Promise<number> {
  return await change(app, async (tx) => {
    const webhook = await getManagedWebhook(tx, actor, id)
    requireActive(webhook)
    const ping = {
      id: newMessageId(),
      event: 'ping',
      at: app.clock().toISOString(),
      ecosystem: webhook.ecosystem ?? '',
      name: webhook.namespace ?? '',
      actor: actor.name,
    } as const
    const [delivery = 0] = await addDeliveries(app, tx, ping, [webhook])
    await audit(app, tx, actor, {
      action: 'webhook.ping',
      subject: `webhook:${id}`,
      ...(webhook.namespaceId !== null && { namespaceId: webhook.namespaceId }),
    })
    return delivery
  })
}
