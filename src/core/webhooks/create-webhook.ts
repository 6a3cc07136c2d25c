import type { Actor } from '#core/access/actor.ts'
import { authorize, authorizeOperator } from '#core/access/can.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { change, changed } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { namespaceUnknown } from '#core/namespaces/find-namespace.ts'
import { lockNamespace } from '#core/namespaces/lock-namespace.ts'
import { kindRules, WEBHOOK_EVENTS, type WebhookEvent, type WebhookKind } from './kinds.ts'
import { generateWebhookSecret, parseWebhookSecret, seal } from './secret.ts'
import { allowList, parseTarget } from './target.ts'
import { selectWebhooks, toWebhook, WEBHOOKS_TOPIC, type Webhook } from './webhook.ts'

/** What is asked for. */
export interface NewWebhook {
  /** Without it: all of the registry, which takes an operator. */
  readonly namespace?: string
  readonly url: string
  readonly kind?: WebhookKind
  /** Without it one is made. */
  readonly secret?: string
  /** Without it: all that its kind tells. */
  readonly events?: readonly WebhookEvent[]
  /** Only packages of this ecosystem. */
  readonly ecosystem?: string
}

const MAX_PER_NAMESPACE = 20

/** Has somebody's server told what happens to packages. The secret is in this answer and never again. */
export async function createWebhook(
  app: App,
  actor: Actor,
  asked: NewWebhook,
): Promise<{ webhook: Webhook; secret?: string }> {
  const { kind = 'json', ecosystem } = asked
  const rules = kindRules(kind)
  const secret = rules.isSigned ? secretOf(asked) : undefined
  if (ecosystem !== undefined) requireEcosystem(app, ecosystem)
  const values = {
    kind,
    url: parseTarget(allowList(app.settings.webhookAllow), asked.url),
    secret: secret === undefined ? '' : seal(app.settings.webhookKeys, secret),
    events: JSON.stringify(readEvents(asked.events ?? rules.defaultEvents)),
    ecosystem: ecosystem ?? null,
  }
  const webhook = await change(app, async (tx) => {
    const namespaceId = await ownerOf(app, tx, actor, asked.namespace)
    const { id } = await tx
      .insertInto('webhooks')
      .values({
        ...values,
        namespaceId,
        formerSecret: null,
        formerSecretUntil: null,
        isActive: 1,
        isConfigured: 0,
        disabledReason: null,
        deadStreak: 0,
        createdAt: now(app),
        createdBy: actor.name,
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    const row = await selectWebhooks(tx).where('webhooks.id', '=', id).executeTakeFirstOrThrow()
    const made = toWebhook(row)
    await audit(app, tx, actor, {
      action: 'webhook.create',
      subject: `webhook:${id}`,
      ...(namespaceId !== null && { namespaceId }),
      detail: auditDetail(made),
    })
    changed(tx, WEBHOOKS_TOPIC)
    return made
  })
  return { webhook, ...(secret !== undefined && { secret }) }
}

/** What the audit says of a webhook. Of its URL only the host: paths are often secrets. */
export function auditDetail({ url, kind, events, ecosystem, isActive }: Webhook) {
  return { host: new URL(url).host, kind, events, ecosystem, isActive }
}

/** Events in their own order, each once. */
export function readEvents(events: readonly WebhookEvent[]): readonly WebhookEvent[] {
  const read = WEBHOOK_EVENTS.filter((event) => events.includes(event))
  if (read.length > 0) return read
  throw new RegistryError('invalid_request', 'a webhook is told of at least one event')
}

/** Throws `not_found` for an ecosystem that is not served here. */
export function requireEcosystem(app: App, id: string): void {
  if (app.ecosystems.some((ecosystem) => ecosystem.id === id)) return
  throw new RegistryError('not_found', `no ecosystem ${id.slice(0, 64)} here`)
}

function secretOf({ secret }: NewWebhook): string {
  return secret === undefined ? generateWebhookSecret() : parseWebhookSecret(secret)
}

async function ownerOf(
  app: App,
  tx: Tx,
  actor: Actor,
  rawName: string | undefined,
): Promise<number | null> {
  if (rawName === undefined) {
    authorizeOperator(actor)
    return null
  }
  const { id, name } = await lockNamespace(app, tx, rawName)
  authorize(actor, 'manage', { namespaceId: id }, () => namespaceUnknown(rawName))
  const { count } = await tx
    .selectFrom('webhooks')
    .select((eb) => eb.fn.countAll<number | string>().as('count'))
    .where('namespaceId', '=', id)
    .executeTakeFirstOrThrow()
  if (Number(count) < MAX_PER_NAMESPACE) return id
  const message = `namespace ${name} has ${MAX_PER_NAMESPACE} webhooks already, the most there can be`
  throw new RegistryError('quota_exceeded', message)
}
