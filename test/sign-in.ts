import type { Mail } from '#core/mail/mailer.ts'

/** The code in a mail. */
export function codeOf(mail: Pick<Mail, 'text'> | undefined): string {
  const code = /Your confirmation code is: ([2-9A-FLP]{8})\b/.exec(mail?.text ?? '')?.[1]
  if (code === undefined) throw new Error(`no code in ${mail?.text}`)
  return code
}

/** The link in a mail. */
export function linkOf(mail: Pick<Mail, 'text'> | undefined): string {
  const link = /^https?:\S+$/m.exec(mail?.text ?? '')?.[0]
  if (link === undefined) throw new Error(`no link in ${mail?.text}`)
  return link
}

/** The last part of the link in a mail. */
export function linkTokenOf(mail: Pick<Mail, 'text'> | undefined): string {
  return linkOf(mail).split('/').at(-1) ?? ''
}
