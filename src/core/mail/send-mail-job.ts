import { emailKey } from '#core/accounts/email.ts'
import type { App } from '#core/app.ts'
import type { JobHandler } from '#core/jobs/job.ts'
import type { Mail } from './mailer.ts'

/** The kind of the job that sends one mail. */
export const SEND_MAIL = 'send-mail'

/** With the backoff of jobs, about fourteen hours. */
const MAX_ATTEMPTS = 22

/** So that nobody is flooded by what strangers do, such as making them a member, again and again. */
const LIMITED_PER_HOUR = 20
const HOUR_SECONDS = 3600

/**
 * Sends one mail. It is tried again until a server says that it has it; then the job is gone. A mail
 * goes out twice only if the process or its connection dies between the server's word and the end of
 * the job: SMTP knows no way around that, so both copies carry one Message-ID.
 */
export const sendMailJob: JobHandler = {
  kind: SEND_MAIL,
  maxAttempts: MAX_ATTEMPTS,
  async run(app, payload, { signal }) {
    signal.throwIfAborted()
    const { isLimited = false, ...mail } = payload as QueuedMail
    if (isLimited && (await countLimited(app, mail, 0)) >= LIMITED_PER_HOUR) {
      return app.log.warn({ to: mail.to, subject: mail.subject }, 'one mail too many: not sent')
    }
    // Not broken off when the process stops: nobody would know then whether it went out.
    await app.mailer.send(mail)
    // What went out must not go out again because it could not be counted.
    if (isLimited) await countLimited(app, mail, 1).catch(() => undefined)
  },
}

type QueuedMail = Mail & { readonly isLimited?: boolean }

async function countLimited(app: App, { to }: Mail, cost: number): Promise<number> {
  const key = `limited-mail:${emailKey(to)}`
  return (await app.rates.add(key, HOUR_SECONDS, cost, app.clock())).count
}
