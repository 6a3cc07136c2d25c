import type { Actor } from '#core/access/actor.ts'
import { authorizeOperator, judge } from '#core/access/can.ts'
import type { App } from '#core/app.ts'
import type { Db, Row, Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import type { WebhookEvent, WebhookKind } from './kinds.ts'

/** Who is told what, without the secret. */
export interface Webhook {
  readonly id: number
  /** Undefined: of the whole registry. */
  readonly namespace: string | undefined
  readonly namespaceId: number | null
  readonly kind: WebhookKind
  readonly url: string
  readonly events: readonly WebhookEvent[]
  /** Only packages of this one. */
  readonly ecosystem: string | null
  readonly isActive: boolean
  /** Set by the registry's configuration: nobody changes it here. */
  readonly isConfigured: boolean
  /** Why the registry turned it off, or null. */
  readonly disabledReason: string | null
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly createdBy: string
}

/** Ends what is remembered of webhooks. */
export const WEBHOOKS_TOPIC = 'webhooks'

/** The query that `toWebhook` reads. */
export function selectWebhooks(db: Db) {
  return db
    .selectFrom('webhooks')
    .leftJoin('namespaces', 'namespaces.id', 'webhooks.namespaceId')
    .selectAll('webhooks')
    .select('namespaces.name as namespace')
}

/** The webhook in a row, without its secret. */
export function toWebhook(row: Row<'webhooks'> & { namespace: string | null }): Webhook {
  return {
    id: row.id,
    namespace: row.namespace ?? undefined,
    namespaceId: row.namespaceId,
    kind: row.kind,
    url: row.url,
    events: JSON.parse(row.events) as WebhookEvent[],
    ecosystem: row.ecosystem,
    isActive: row.isActive === 1,
    isConfigured: row.isConfigured === 1,
    disabledReason: row.disabledReason,
    createdAt: row.createdAt,
    createdBy: row.createdBy,
  }
}

/**
 * The webhook, if the actor manages it: an admin of its namespace, or an operator. Otherwise
 * `webhook_unknown`, whether it is there or not.
 */
export async function getManagedWebhook(db: Db, actor: Actor, id: number): Promise<Webhook> {
  if (actor.kind === 'anonymous') {
    throw new RegistryError('unauthenticated', 'to manage webhooks needs a credential')
  }
  const row = await selectWebhooks(db).where('webhooks.id', '=', id).executeTakeFirst()
  if (!row) throw webhookUnknown(id)
  if (row.namespaceId === null) {
    if (!actor.isOperator) throw webhookUnknown(id)
    authorizeOperator(actor)
    return toWebhook(row)
  }
  const verdict = judge(actor, 'manage', { namespaceId: row.namespaceId })
  if (verdict === 'yes') return toWebhook(row)
  if (verdict !== 'needs_scope') throw webhookUnknown(id)
  throw new RegistryError('scope_missing', 'the credential lacks the scope admin', {
    details: { scope: 'admin' },
  })
}

/** The same, unchanged by others until the transaction ends; one of the configuration is refused. */
export async function lockManagedWebhook(
  app: App,
  tx: Tx,
  actor: Actor,
  id: number,
): Promise<Webhook> {
  await app.database.dialect
    .lock(tx.selectFrom('webhooks').select('id').where('id', '=', id))
    .execute()
  const webhook = await getManagedWebhook(tx, actor, id)
  if (!webhook.isConfigured) return webhook
  throw new RegistryError('conflict', `webhook ${id} is set in the registry’s configuration`)
}

/** What is thrown for one that is not there, or not theirs. */
function webhookUnknown(id: number): RegistryError {
  return new RegistryError('webhook_unknown', `there is no webhook ${id}`)
}
