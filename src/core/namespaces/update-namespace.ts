import type { Actor } from '#core/access/actor.ts'
import { authorize, authorizeOperator } from '#core/access/can.ts'
import type { App } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { namespaceTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import { RegistryError } from '#core/errors.ts'
import { type Namespace, namespaceUnknown, toNamespace } from './find-namespace.ts'
import { type Labels, writeLabels } from './labels.ts'
import { lockNamespace } from './lock-namespace.ts'
import { pickQuotas, type Quotas } from './quotas.ts'

/** What may change: consumer labels by admins, provider labels and quotas by operators. */
export interface NamespaceChange extends Partial<Quotas> {
  /** Labels are replaced as a whole. */
  readonly consumerLabels?: Labels
  readonly providerLabels?: Labels
}

/** Changes labels and quotas. A quota below what is used takes nothing away; it stops more. */
export async function updateNamespace(
  app: App,
  actor: Actor,
  rawName: string,
  wanted: NamespaceChange,
): Promise<Namespace> {
  const { consumerLabels, providerLabels } = wanted
  const quotas = pickQuotas(wanted)
  const set = {
    ...quotas,
    ...(consumerLabels && { consumerLabels: writeLabels(consumerLabels) }),
    ...(providerLabels && { providerLabels: writeLabels(providerLabels) }),
  }
  if (Object.keys(set).length === 0) {
    throw new RegistryError('invalid_request', 'there is nothing to change')
  }
  if (providerLabels || Object.keys(quotas).length > 0) authorizeOperator(actor)
  return await change(app, async (tx) => {
    const { id } = await lockNamespace(app, tx, rawName)
    authorize(actor, 'manage', { namespaceId: id }, () => namespaceUnknown(rawName))
    const row = await tx
      .updateTable('namespaces')
      .set(set)
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow()
    await audit(app, tx, actor, {
      action: 'namespace.update',
      subject: `namespace:${row.name}`,
      namespaceId: id,
      detail: {
        ...quotas,
        ...(consumerLabels && { consumerLabels }),
        ...(providerLabels && { providerLabels }),
      },
    })
    changed(tx, namespaceTopic(id))
    return toNamespace(row)
  })
}
