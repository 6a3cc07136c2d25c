import type { Actor } from '#core/access/actor.ts'
import { authorize } from '#core/access/can.ts'
import type { App } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { namespaceTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import { enqueue } from '#core/jobs/enqueue.ts'
import { namespaceUnknown } from './find-namespace.ts'
import { lockAnyNamespace } from './lock-namespace.ts'

/**
 * Ends a namespace: nothing is found or published in it from now on, and a job takes its content
 * apart. Says nothing if already so.
 */
export async function deleteNamespace(app: App, actor: Actor, rawName: string): Promise<void> {
  await change(app, async (tx) => {
    const { id, name, status } = await lockAnyNamespace(app, tx, rawName)
    authorize(actor, 'delete', { namespaceId: id }, () => namespaceUnknown(rawName))
    if (status === 'terminating') return
    await tx.updateTable('namespaces').set({ status: 'terminating' }).where('id', '=', id).execute()
    await audit(app, tx, actor, {
      action: 'namespace.delete',
      subject: `namespace:${name}`,
      namespaceId: id,
    })
    await enqueue(app, tx, {
      kind: 'namespace.delete',
      key: String(id),
      payload: { namespaceId: id },
    })
    changed(tx, namespaceTopic(id))
  })
}
