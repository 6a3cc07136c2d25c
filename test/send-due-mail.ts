import type { App } from '#core/app.ts'
import { startWorker } from '#core/jobs/worker.ts'
import { sendMailJob } from '#core/mail/send-mail-job.ts'

/** Sends the mail that is due. */
export async function sendDueMail(app: App): Promise<void> {
  const worker = startWorker(app, [sendMailJob], [], { pollMs: 5 })
  try {
    await worker.idle()
  } finally {
    await worker.stop()
  }
}
