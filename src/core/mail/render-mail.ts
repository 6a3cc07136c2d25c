import type { Mail } from './mailer.ts'

/** What a mail says, part by part. */
export interface MailText {
  readonly subject: string
  /** Paragraphs. */
  readonly before: readonly string[]
  /** What the reader types or opens; a line of its own. */
  readonly proof?: { readonly code: string } | { readonly link: string; readonly label: string }
  readonly after: readonly string[]
}

/** Both parts of a mail from one text: no images, nothing that reports back. */
export function renderMail(to: string, { subject, before, proof, after }: MailText): Mail {
  const lines = [...before, ...(proof ? [proofText(proof)] : []), ...after]
  const html = [
    ...before.map(paragraph),
    ...(proof ? [proofHtml(proof)] : []),
    ...after.map(paragraph),
  ]
  return { to, subject, text: `${lines.join('\n\n')}\n`, html: page(html) }
}

type Proof = NonNullable<MailText['proof']>

function proofText(proof: Proof): string {
  return 'code' in proof ? `Your confirmation code is: ${proof.code}` : proof.link
}

function proofHtml(proof: Proof): string {
  if ('code' in proof) {
    const code = `<strong style="font-family:monospace;font-size:1.4em">${escapeHtml(proof.code)}</strong>`
    return `<p>Your confirmation code is: ${code}</p>`
  }
  return `<p><a href="${escapeHtml(proof.link)}">${escapeHtml(proof.label)}</a></p>`
}

function paragraph(text: string): string {
  return `<p>${escapeHtml(text)}</p>`
}

function page(parts: readonly string[]): string {
  return `<!doctype html>\n<html lang="en"><body>\n${parts.join('\n')}\n</body></html>\n`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign)
}
