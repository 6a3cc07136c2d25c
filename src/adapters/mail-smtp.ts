import type { Mail, Mailer } from '#core/mail/mailer.ts'
import { mailMessage } from './mail-message.ts'

const SLOWEST = 3

/** Which server, and how. */
export interface SmtpOptions {
  readonly host: string
  readonly port: number
  /** implicit: from the first byte; required: STARTTLS or nothing; optional: STARTTLS when offered. */
  readonly tls: 'implicit' | 'required' | 'optional'
  readonly auth?: { readonly user: string; readonly password: string }
  readonly from: string
  /** How long the server may be silent. */
  readonly timeoutSeconds: number
}

/**
 * Speaks SMTP, one connection per mail: there is little of it, and an idle connection that the server
 * closed meanwhile would look like a failure.
 */
export function smtpMailer(options: SmtpOptions): Mailer {
  return { kind: 'smtp', send: (mail, signal) => send(options, mail, signal) }
}

async function send(options: SmtpOptions, mail: Mail, signal?: AbortSignal): Promise<void> {
  // Loaded late: most commands send no mail.
  const { createTransport } = await import('nodemailer')
  const transport = createTransport(transportOptions(options))
  // Timeouts are about silence: a server that says a word now and then is given up, too.
  const tooLong = AbortSignal.timeout(Math.ceil(options.timeoutSeconds * SLOWEST * 1000))
  try {
    await transport.sendMail({
      ...mailMessage(mail, options.from),
      signal: signal ? AbortSignal.any([signal, tooLong]) : tooLong,
    })
  } finally {
    transport.close()
  }
}

function transportOptions({ host, port, tls, auth, timeoutSeconds }: SmtpOptions) {
  const timeoutMs = timeoutSeconds * 1000
  return {
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'required',
    // Where a plain connection would do, a certificate that nobody vouches for is no worse.
    tls: { rejectUnauthorized: tls !== 'optional' },
    ...(auth && { auth: { user: auth.user, pass: auth.password } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}
