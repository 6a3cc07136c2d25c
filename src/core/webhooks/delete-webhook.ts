import type { Actor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { change, changed } from '#core/db/change.ts'
import { auditDetail } from './create-webhook.ts'
import { lockManagedWebhook, WEBHOOKS_TOPIC } from './webhook.ts'

/** Ends a webhook at once, with all that it was still to be told. */
export async function deleteWebhook(app: App, actor: Actor, id: number): Promise<void> {
  await change(app, async (tx) => {
    const webhook = await lockManagedWebhook(app, tx, actor, id)
    await tx.deleteFrom('webhookDeliveries').where('webhookId', '=', id).execute()
    await tx.deleteFrom('webhooks').where('id', '=', id).execute()
    await audit(app, tx, actor, {
      action: 'webhook.delete',
      subject: `webhook:${id}`,
      ...(webhook.namespaceId !== null && { namespaceId: webhook.namespaceId }),
      detail: auditDetail(webhook),
    })
    changed(tx, WEBHOOKS_TOPIC)
  })
}
