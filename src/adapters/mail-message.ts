import type { Mail } from '#core/mail/mailer.ts'

/** A mail as nodemailer takes it. Addresses are objects: as text, a comma would make two of one. */
export function mailMessage({ to, subject, text, html, id }: Mail, from: string) {
  const host = from.slice(from.lastIndexOf('@') + 1)
  return {
    from: { name: 'Entrepot', address: from },
    to: { name: '', address: to },
    subject,
    text,
    html,
    // No answer by machines: out-of-office notes help nobody here (RFC 3834).
    headers: { 'Auto-Submitted': 'auto-generated' },
    ...(id !== undefined && { messageId: `<${id}@${host}>` }),
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}
