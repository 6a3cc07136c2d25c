import { randomUUID } from 'node:crypto'
import type { App } from '#core/app.ts'
import type { Tx } from '#core/db/schema.ts'
import { enqueue } from '#core/jobs/enqueue.ts'
import type { Mail } from './mailer.ts'
import { SEND_MAIL } from './send-mail-job.ts'

/**
 * Sends a mail if and only if the change commits. It waits in the database until somebody took it, so
 * it must hold no secret. Of those that are limited one address gets so many an hour, and no more.
 */
export async function enqueueMail(
  app: App,
  tx: Tx,
  mail: Mail,
  { isLimited = false }: { isLimited?: boolean } = {},
): Promise<void> {
  const payload = { id: randomUUID(), ...mail, ...(isLimited && { isLimited }) }
  await enqueue(app, tx, { kind: SEND_MAIL, payload })
}
