import type { Mail, Mailer } from '#core/mail/mailer.ts'

/** Which account, where. */
export interface PostmarkOptions {
  /** Without a trailing slash; Postmark's own is https://api.postmarkapp.com. */
  readonly baseUrl: string
  /** The server token. */
  readonly token: string
  readonly from: string
  readonly timeoutSeconds: number
}

/** Speaks Postmark's HTTP API, without its tracking. */
export function postmarkMailer(options: PostmarkOptions): Mailer {
  return { kind: 'postmark', send: (mail, signal) => send(options, mail, signal) }
}

async function send(
  { baseUrl, token, from, timeoutSeconds }: PostmarkOptions,
  { to, subject, text, html, id }: Mail,
  signal?: AbortSignal,
): Promise<void> {
  const timeout = AbortSignal.timeout(Math.ceil(timeoutSeconds * 1000))
  const response = await fetch(`${baseUrl}/email`, {
    method: 'POST',
    headers: {
      accept: 'application/json',
      'content-type': 'application/json',
      'x-postmark-server-token': token,
    },
    body: JSON.stringify({
      From: from,
      To: to,
      Subject: subject,
      TextBody: text,
      HtmlBody: html,
      MessageStream: 'outbound',
      TrackOpens: false,
      TrackLinks: 'None',
      ...(id !== undefined && { Metadata: { id } }),
    }),
    redirect: 'error',
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
  })
  const answer: unknown = await response.json().catch(() => ({}))
  if (response.ok) return
  throw new Error(`Postmark refused the mail: ${response.status} ${messageOf(answer)}`)
}

function messageOf(answer: unknown): string {
  if (typeof answer !== 'object' || answer === null || !('Message' in answer)) return ''
  return String(answer.Message).slice(0, 200)
}
