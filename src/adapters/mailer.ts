import { join } from 'node:path'
import type { Log } from '#core/app.ts'
import type { Mailer } from '#core/mail/mailer.ts'
import { outboxMailer } from './mail-outbox.ts'
import { type PostmarkOptions, postmarkMailer } from './mail-postmark.ts'
import { type SmtpOptions, smtpMailer } from './mail-smtp.ts'

type Server<Kind, Options> = { readonly kind: Kind } & Omit<Options, 'from' | 'timeoutSeconds'>

/** What the configuration says of mail. */
interface MailConfig {
  readonly dataDir: string
  readonly mail: {
    readonly transport:
      | Server<'smtp', SmtpOptions>
      | Server<'postmark', PostmarkOptions>
      | undefined
    readonly from: string
    readonly timeoutSeconds: number
  }
}

/** Where messages are written when no mail server is configured. */
export function outboxDir(dataDir: string): string {
  return join(dataDir, 'outbox')
}

/** The mailer that the configuration names. */
export function openMailer({ dataDir, mail }: MailConfig, log: Log): Mailer {
  const { transport, from, timeoutSeconds } = mail
  if (transport === undefined) return outboxMailer({ dir: outboxDir(dataDir), from, log })
  const options = { from, timeoutSeconds }
  if (transport.kind === 'postmark') return postmarkMailer({ ...transport, ...options })
  return smtpMailer({ ...transport, ...options })
}
