import { systemActor } from '#core/access/actor.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { change, changed } from '#core/db/change.ts'
import type { Db, Row, Tx } from '#core/db/schema.ts'
import type { JobHandler } from '#core/jobs/job.ts'
import { type Patience, type Tried, tryDelivery } from './deliver.ts'
import { MAX_DEAD_IN_A_ROW, MAX_TRIES, retryAfterMs, retryDelayMs } from './retries.ts'
import { DELIVER, enqueueDeliver } from './wake-job.ts'
import { WEBHOOKS_TOPIC } from './webhook.ts'

/** Deliveries in one run, so that every webhook has its turn. */
const MAX_IN_A_RUN = 50
/** A target that failed is left in peace for a moment, whatever else waits for it. */
const PAUSE_MS = 1_000
const ANSWER_MS = 10_000

/** How one try ended. */
export type DeliveryOutcome = 'delivered' | 'failed' | 'dead'

/**
 * Delivers what waits for one webhook, one after the other. There is one job per webhook, and one at
 * a time: a target that is slow or gone keeps nobody else waiting.
 */
export function deliverWebhookJob(
  note: (outcome: DeliveryOutcome) => void,
  answerMs: number = ANSWER_MS,
): JobHandler {
  return {
    kind: DELIVER,
    maxAttempts: Number.MAX_SAFE_INTEGER,
    async run(app, payload, { signal }) {
      const webhookId = idOf(payload)
      const hasFailed = await deliverSome(app, webhookId, { note, stopping: signal, answerMs })
      await scheduleRest(app, webhookId, now(app) + (hasFailed ? PAUSE_MS : 0))
    },
  }
}

function idOf(payload: unknown): number {
  if (typeof payload === 'object' && payload !== null && 'webhookId' in payload) {
    if (Number.isSafeInteger(payload.webhookId)) return Number(payload.webhookId)
  }
  throw new Error('the job does not say which webhook')
}

interface Run extends Patience {
  readonly note: (outcome: DeliveryOutcome) => void
}

/**
 * Until nothing is due, enough were delivered, one failed, or so much time is over as one answer may
 * take: targets that are slow must not hold all places. Answers whether one failed.
 */
async function deliverSome(app: App, webhookId: number, run: Run): Promise<boolean> {
  const startedAt = performance.now()
  for (let count = 0; count < MAX_IN_A_RUN; count++) {
    if (performance.now() - startedAt > run.answerMs) break
    const webhook = await findActive(app.database.db, webhookId)
    const delivery = webhook && (await findDue(app, webhookId))
    if (!delivery) return false
    const tried = await tryDelivery(app, webhook, delivery, run)
    const outcome = await record(app, webhook, delivery, tried)
    run.note(outcome)
    if (outcome !== 'delivered') return true
  }
  return false
}

async function findActive(db: Db, id: number): Promise<Row<'webhooks'> | undefined> {
  return await db
    .selectFrom('webhooks')
    .selectAll()
    .where('id', '=', id)
    .where('isActive', '=', 1)
    .executeTakeFirst()
}

async function findDue(app: App, webhookId: number): Promise<Row<'webhookDeliveries'> | undefined> {
  return await app.database.db
    .selectFrom('webhookDeliveries')
    .selectAll()
    .where('webhookId', '=', webhookId)
    .where('state', '=', 'waiting')
    .where('nextAt', '<=', now(app))
    .orderBy('nextAt')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst()
}

/** Writes down how a try ended. Does nothing when the delivery was asked for anew meanwhile. */
async function record(
  app: App,
  webhook: Row<'webhooks'>,
  delivery: Row<'webhookDeliveries'>,
  tried: Tried,
): Promise<DeliveryOutcome> {
  const attempts = delivery.attempts + 1
  const at = now(app)
  const outcome = outcomeOf(tried, attempts)
  const delayMs = Math.max(retryDelayMs(attempts), retryAfterMs(tried.retryAfter, at))
  await change(app, async (tx) => {
    const { numUpdatedRows } = await tx
      .updateTable('webhookDeliveries')
      .set({
        state: outcome === 'failed' ? 'waiting' : outcome,
        attempts,
        nextAt: at + delayMs,
        lastAt: at,
        lastStatus: tried.status,
        lastError: tried.error,
        lastResponse: tried.response,
      })
      .where('id', '=', delivery.id)
      .where('state', '=', 'waiting')
      .where('attempts', '=', delivery.attempts)
      .executeTakeFirst()
    if (numUpdatedRows === 0n) return
    if (outcome === 'delivered') await forgive(tx, webhook)
    if (outcome === 'dead') await holdAgainst(app, tx, webhook, tried)
  })
  return outcome
}

function outcomeOf({ isDelivered, isGone }: Tried, attempts: number): DeliveryOutcome {
  if (isDelivered) return 'delivered'
  return isGone || attempts >= MAX_TRIES ? 'dead' : 'failed'
}

async function forgive(tx: Tx, { id, deadStreak }: Row<'webhooks'>): Promise<void> {
  if (deadStreak === 0) return
  await tx.updateTable('webhooks').set({ deadStreak: 0 }).where('id', '=', id).execute()
}

/** Turns the webhook off when its target said so, or failed for too long. */
async function holdAgainst(
  app: App,
  tx: Tx,
  webhook: Row<'webhooks'>,
  { isGone, error }: Tried,
): Promise<void> {
  const { id, namespaceId } = webhook
  const deadStreak = webhook.deadStreak + 1
  const isOver = isGone || deadStreak >= MAX_DEAD_IN_A_ROW
  const disabledReason = isGone
    ? 'the target answered 410: it is gone'
    : `${deadStreak} deliveries in a row were given up; the last one because ${error ?? ''}`
  await tx
    .updateTable('webhooks')
    .set({ deadStreak, ...(isOver && { isActive: 0 as const, disabledReason }) })
    .where('id', '=', id)
    .execute()
  if (!isOver) return
  await audit(app, tx, systemActor('job'), {
    action: 'webhook.disable',
    subject: `webhook:${id}`,
    ...(namespaceId !== null && { namespaceId }),
    detail: { reason: disabledReason },
  })
  changed(tx, WEBHOOKS_TOPIC)
}

/** What waits for its next try, or for the next turn, has a job again. */
async function scheduleRest(app: App, webhookId: number, notBefore: number): Promise<void> {
  await change(app, async (tx) => {
    const next = await tx
      .selectFrom('webhookDeliveries')
      .innerJoin('webhooks', 'webhooks.id', 'webhookDeliveries.webhookId')
      .select('webhookDeliveries.nextAt')
      .where('webhooks.isActive', '=', 1)
      .where('webhookDeliveries.webhookId', '=', webhookId)
      .where('webhookDeliveries.state', '=', 'waiting')
      .orderBy('webhookDeliveries.nextAt')
      .limit(1)
      .executeTakeFirst()
    if (next) await enqueueDeliver(app, tx, webhookId, Math.max(next.nextAt, notBefore))
  })
}
