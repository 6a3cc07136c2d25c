import { randomUUID } from 'node:crypto'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '#core/app.ts'
import type { Mail, Mailer } from '#core/mail/mailer.ts'
import { mailMessage } from './mail-message.ts'

/** Where messages go, and who hears of them. */
export interface OutboxOptions {
  readonly dir: string
  readonly from: string
  readonly log: Log
}

/** Writes each message to a file of its own, for a registry whose mail is not set up. */
export function outboxMailer({ dir, from, log }: OutboxOptions): Mailer {
  return {
    kind: 'outbox',
    async send(mail, signal) {
      signal?.throwIfAborted()
      const path = await write(dir, mail, from)
      log.info({ to: mail.to, path }, 'mail is not set up: a message was written to a file')
    },
  }
}

/** The name sorts by time; the file appears whole, and only its owner reads it. */
async function write(dir: string, mail: Mail, from: string): Promise<string> {
  const { createTransport } = await import('nodemailer')
  const composer = createTransport({ streamTransport: true, buffer: true, newline: 'unix' })
  const { text, html, ...envelope } = mailMessage(mail, from)
  const { message } = await composer.sendMail({
    ...envelope,
    alternatives: [readablePart('plain', text), readablePart('html', html)],
  })
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const name = `${new Date().toISOString().replaceAll(':', '-')}-${randomUUID().slice(0, 8)}`
  const path = join(dir, `${name}.eml`)
  const partial = join(dir, `.${name}.partial`)
  await writeFile(partial, message as Buffer, { mode: 0o600, flag: 'wx' })
  await rename(partial, path)
  return path
}

/** Unencoded, so that whoever opens the file can copy a link out of it. */
function readablePart(kind: 'plain' | 'html', content: string) {
  const headers = [`Content-Type: text/${kind}; charset=utf-8`, 'Content-Transfer-Encoding: 8bit']
  return { raw: `${headers.join('\n')}\n\n${content}` }
}
