import { type App, now } from '#core/app.ts'
import type { Mail } from '#core/mail/mailer.ts'
import { renderMail } from '#core/mail/render-mail.ts'
import { clientName, SIGN_IN_SECONDS, type SignInOrigin } from './sign-in.ts'

/** What lets the reader prove that the address is theirs. */
export type MailedProof = { readonly code: string } | { readonly link: string }

/** To whom, under which name, with what. */
interface SignInMail {
  readonly to: string
  readonly label: string
  readonly proof: MailedProof
}

/** The mail that begins a sign-in. The reader is told where it began, since anybody can begin one. */
export function signInMail(app: App, { to, label, proof }: SignInMail, from: SignInOrigin): Mail {
  const name = clientName(from.userAgent)
  const client = name === '' ? '' : ` by ${name}`
  const at = new Date(now(app)).toUTCString()
  return renderMail(to, {
    subject: `${label}: Confirm your email address`,
    before: [
      `Somebody asked to sign in at ${app.settings.publicUrl} with this address: from ${from.address}${client}, on ${at}.`,
    ],
    proof: 'code' in proof ? proof : { link: proof.link, label: 'Look at the sign-in' },
    after: [
      `It is good for ${SIGN_IN_SECONDS / 60} minutes and once.`,
      'If it was not you, do nothing: nobody gets in without what is in this message. Never tell it to anybody.',
    ],
  })
}
