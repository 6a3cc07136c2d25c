import type { Actor } from '#core/access/actor.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { change, changed } from '#core/db/change.ts'
import type { Row } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { auditDetail, readEvents, requireEcosystem } from './create-webhook.ts'
import { kindRules, type WebhookEvent } from './kinds.ts'
import { parseWebhookSecret, seal } from './secret.ts'
import { allowList, parseTarget } from './target.ts'
import { enqueueWake } from './wake-job.ts'
import {
  lockManagedWebhook,
  selectWebhooks,
  toWebhook,
  WEBHOOKS_TOPIC,
  type Webhook,
} from './webhook.ts'

/** What may change; what is left out stays. */
export interface WebhookChange {
  readonly url?: string
  readonly events?: readonly WebhookEvent[]
  /** Null: of all ecosystems. */
  readonly ecosystem?: string | null
  /** The one before is good for another day, so that the receiver can change over. */
  readonly secret?: string
  /** What waits is held while it is off, and delivered when it is on again. */
  readonly isActive?: boolean
}

const FORMER_SECRET_MS = 86_400_000

/** Changes a webhook. */
export async function updateWebhook(
  app: App,
  actor: Actor,
  id: number,
  wanted: WebhookChange,
): Promise<Webhook> {
  if (Object.keys(wanted).length === 0) {
    throw new RegistryError('invalid_request', 'there is nothing to change')
  }
  const { ecosystem } = wanted
  if (typeof ecosystem === 'string') requireEcosystem(app, ecosystem)
  return await change(app, async (tx) => {
    const was = await lockManagedWebhook(app, tx, actor, id)
    const { secret } = await tx
      .selectFrom('webhooks')
      .select('secret')
      .where('id', '=', id)
      .executeTakeFirstOrThrow()
    await tx
      .updateTable('webhooks')
      .set({
        url: wanted.url === undefined ? was.url : target(app, wanted.url),
        events: JSON.stringify(
          wanted.events === undefined ? was.events : readEvents(wanted.events),
        ),
        ecosystem: ecosystem === undefined ? was.ecosystem : ecosystem,
        ...newSecret(app, was, secret, wanted.secret),
        ...(wanted.isActive === true && { isActive: 1, deadStreak: 0, disabledReason: null }),
        ...(wanted.isActive === false && { isActive: 0 }),
      })
      .where('id', '=', id)
      .execute()
    const row = await selectWebhooks(tx).where('webhooks.id', '=', id).executeTakeFirstOrThrow()
    const webhook = toWebhook(row)
    await audit(app, tx, actor, {
      action: 'webhook.update',
      subject: `webhook:${id}`,
      ...(was.namespaceId !== null && { namespaceId: was.namespaceId }),
      detail: { ...auditDetail(webhook), isNewSecret: wanted.secret !== undefined },
    })
    if (webhook.isActive && !was.isActive) await enqueueWake(app, tx, [id])
    changed(tx, WEBHOOKS_TOPIC)
    return webhook
  })
}

function target(app: App, raw: string): string {
  return parseTarget(allowList(app.settings.webhookAllow), raw)
}

type Secrets = Pick<Row<'webhooks'>, 'secret' | 'formerSecret' | 'formerSecretUntil'>

function newSecret(
  app: App,
  { kind }: Webhook,
  formerSecret: string,
  raw: string | undefined,
): Partial<Secrets> {
  if (raw === undefined) return {}
  if (!kindRules(kind).isSigned) {
    throw new RegistryError('invalid_request', `a webhook of kind ${kind} signs nothing`)
  }
  const secret = seal(app.settings.webhookKeys, parseWebhookSecret(raw))
  return { secret, formerSecret, formerSecretUntil: now(app) + FORMER_SECRET_MS }
}
