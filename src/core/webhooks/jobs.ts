import type { JobHandler } from '#core/jobs/job.ts'
import { type DeliveryOutcome, deliverWebhookJob } from './deliver-job.ts'
import { wakeWebhooksJob } from './wake-job.ts'

/** Webhooks that one process delivers to at once. */
export const WEBHOOK_CONCURRENCY = 64

/** The jobs that wait for strangers' servers: a worker of their own runs them, so that no other work waits. */
export function webhookHandlers(
  note: (outcome: DeliveryOutcome) => void,
  answerMs?: number,
): readonly JobHandler[] {
  return [wakeWebhooksJob, deliverWebhookJob(note, answerMs)]
}
