import { type App, now } from '#core/app.ts'
import type { Row } from '#core/db/schema.ts'
import { kindRules } from './kinds.ts'
import type { PostAnswer } from './poster.ts'
import { signatures, unseal } from './secret.ts'

const MAX_ERROR_CHARS = 500

/** What became of one try. */
export interface Tried {
  readonly isDelivered: boolean
  /** The target never wants to hear of us again. */
  readonly isGone: boolean
  readonly status: number | null
  readonly error: string | null
  readonly response: string | null
  readonly retryAfter: string | undefined
}

/** How long a try may take. */
export interface Patience {
  readonly stopping: AbortSignal
  readonly answerMs: number
}

/** Posts one delivery once; a failure is an answer, too. Throws only when the process stops. */
export async function tryDelivery(
  app: App,
  webhook: Row<'webhooks'>,
  delivery: Row<'webhookDeliveries'>,
  { stopping, answerMs }: Patience,
): Promise<Tried> {
  try {
    const headers = headersOf(app, webhook, delivery)
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(answerMs)])
    const { url } = webhook
    return judgeAnswer(
      webhook,
      await app.poster.post({ url, headers, body: delivery.body, signal }),
    )
  } catch (error) {
    stopping.throwIfAborted()
    const isLate = error instanceof Error && error.name === 'TimeoutError'
    const reason = isLate ? `no answer within ${answerMs / 1000} seconds` : textOf(error)
    const nothing = { status: null, response: null, retryAfter: undefined }
    return { isDelivered: false, isGone: false, error: reason, ...nothing }
  }
}

function judgeAnswer(webhook: Row<'webhooks'>, answer: PostAnswer): Tried {
  const { status, excerpt, retryAfter } = answer
  const isDelivered = kindRules(webhook.kind).isSuccess(status)
  return {
    isDelivered,
    isGone: status === 410,
    status,
    error: isDelivered ? null : `the target answered ${status}`,
    // A database may choke on what is no text (PostgreSQL on NUL).
    response: excerpt.replaceAll('\0', '').toWellFormed(),
    retryAfter,
  }
}

/** As Standard Webhooks has them; the time is that of this try, the id that of the event. */
function headersOf(
  app: App,
  webhook: Row<'webhooks'>,
  { id: deliveryId, messageId: id, event, body }: Row<'webhookDeliveries'>,
): Record<string, string> {
  const { contentType, isSigned } = kindRules(webhook.kind)
  const timestamp = Math.floor(now(app) / 1000)
  return {
    'content-type': contentType,
    'user-agent': 'Entrepot',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'x-entrepot-event': event,
    'x-entrepot-delivery': String(deliveryId),
    ...(isSigned && {
      'webhook-signature': signatures(secretsOf(app, webhook), { id, timestamp, body }),
    }),
  }
}

/** The secret, and for a while the one before it, so that receivers can change over. */
function secretsOf(app: App, webhook: Row<'webhooks'>): string[] {
  const keys = app.settings.webhookKeys
  const { secret, formerSecret, formerSecretUntil } = webhook
  const isFormerGood = formerSecret !== null && (formerSecretUntil ?? 0) > now(app)
  return [secret, ...(isFormerGood ? [formerSecret] : [])].map((stored) => unseal(keys, stored))
}

function textOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.replaceAll('\0', '').toWellFormed().slice(0, MAX_ERROR_CHARS)
}
