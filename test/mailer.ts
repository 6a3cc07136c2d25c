import type { Mail, Mailer } from '#core/mail/mailer.ts'

/** The far end of the mail of a test: keeps what it was given. */
export interface TestMailer extends Mailer {
  readonly sent: Mail[]
  /** While set, sending fails with it. */
  failure: Error | undefined
}

/** A mailer that keeps messages in memory. */
export function testMailer(): TestMailer {
  const mailer: TestMailer = {
    kind: 'memory',
    sent: [],
    failure: undefined,
    async send(mail) {
      if (mailer.failure) throw mailer.failure
      mailer.sent.push(mail)
    },
  }
  return mailer
}
