import { randomBytes } from 'node:crypto'
import type { Actor } from '#core/access/actor.ts'
import { type App, now } from '#core/app.ts'
import type { Tx } from '#core/db/schema.ts'
import type { Package } from '#core/packages/package.ts'
import { kindRules, type Message, type WebhookEvent } from './kinds.ts'
import { enqueueWake } from './wake-job.ts'
import { selectWebhooks, toWebhook, WEBHOOKS_TOPIC, type Webhook } from './webhook.ts'

/** What happened to a package. */
export interface Announcement {
  readonly event: WebhookEvent
  readonly actor: Pick<Actor, 'name'>
  /** As it is now. */
  readonly package: Pick<Package, 'ecosystem' | 'namespaceId' | 'path' | 'visibility'>
  readonly version?: string | undefined
  readonly digest?: string | undefined
  /** What else there is to say, besides the fields that every event has. */
  readonly details?: Readonly<Record<string, unknown>>
  /** A further namespace that it concerns: where the package was before. */
  readonly formerNamespaceId?: number
}

/**
 * Has webhooks told of an event, if and only if its transaction commits. Private packages are told to
 * their own namespace's and to the operators' only. Costs a look into memory when nobody wants to know.
 */
export async function announce(app: App, tx: Tx, event: Announcement): Promise<void> {
  const { namespaceId } = event.package
  const concerned = [...new Set([namespaceId, event.formerNamespaceId ?? namespaceId])]
  const wanting: Webhook[] = []
  for (const owner of [null, ...concerned]) {
    const webhooks = await activeWebhooks(app, tx, owner)
    wanting.push(...webhooks.filter((webhook) => wants(webhook, event)))
  }
  if (wanting.length === 0) return
  const message = messageOf(app, event)
  await addDeliveries(app, tx, message, wanting)
}

/** Adds what is to be delivered, and wakes who delivers it. */
export async function addDeliveries(
  app: App,
  tx: Tx,
  message: Message,
  webhooks: readonly Pick<Webhook, 'id' | 'kind'>[],
): Promise<number[]> {
  const at = now(app)
  const rows = webhooks.map(({ id, kind }) => ({
    webhookId: id,
    messageId: message.id,
    event: message.event,
    body: kindRules(kind).render(message),
    state: 'waiting' as const,
    attempts: 0,
    nextAt: at,
    createdAt: at,
    lastAt: null,
    lastStatus: null,
    lastError: null,
    lastResponse: null,
  }))
  const added = await tx.insertInto('webhookDeliveries').values(rows).returning('id').execute()
  await enqueueWake(
    app,
    tx,
    webhooks.map(({ id }) => id),
  )
  return added.map(({ id }) => id)
}

/** A new id of a message. It holds no '.', which separates it from what else is signed. */
export function newMessageId(): string {
  return `msg_${randomBytes(16).toString('hex')}`
}

function wants({ events, ecosystem, kind }: Webhook, event: Announcement): boolean {
  if (!events.includes(event.event)) return false
  if (ecosystem !== null && ecosystem !== event.package.ecosystem) return false
  return event.package.visibility === 'public' || !kindRules(kind).isPublicOnly
}

function messageOf(app: App, { event, actor, version, digest, ...rest }: Announcement): Message {
  const { ecosystem, path, visibility } = rest.package
  return {
    id: newMessageId(),
    event,
    at: app.clock().toISOString(),
    ecosystem,
    name: path,
    ...(version && { version }),
    ...(digest && { digest }),
    visibility,
    actor: actor.name,
    ...rest.details,
  }
}

/** Those of a namespace, or of the registry: from memory, as publishing reads them every time. */
function activeWebhooks(app: App, tx: Tx, namespaceId: number | null): Promise<Webhook[]> {
  return app.cache.through(`webhooks of ${namespaceId ?? 'registry'}`, async () => {
    const rows = await selectWebhooks(tx)
      .where('webhooks.namespaceId', namespaceId === null ? 'is' : '=', namespaceId)
      .where('webhooks.isActive', '=', 1)
      .execute()
    return { value: rows.map(toWebhook), topics: [WEBHOOKS_TOPIC] }
  })
}
