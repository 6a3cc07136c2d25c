import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Log } from '#core/app.ts'
import { serve } from '#runtime/serve.ts'
import { describe, test } from '#runtime/test.ts'
import { type MailWorld, mailerContract, SENDER } from '#test/mailer-contract.ts'
import { readMessage } from '#test/read-message.ts'
import { type Delivered, openSmtpFarEnd, type SmtpFarEnd } from '#test/smtp-far-end.ts'
import { outboxMailer } from './mail-outbox.ts'
import { postmarkMailer } from './mail-postmark.ts'
import { smtpMailer } from './mail-smtp.ts'

const MAIL = { to: 'ann@example.org', subject: 's', text: 't', html: '<p>t</p>' }
const AUTH = { user: 'us/er', password: 'secret@1' }
const PATIENCE_SECONDS = 10
const IMPATIENCE_SECONDS = 0.2

const arrivedOf = ({ from, to, headers, text, html }: Delivered) => ({
  from,
  to,
  text,
  html,
  subject: headers.get('subject') ?? '',
  id: headers.get('message-id') ?? '',
})

function overSmtp(farEnd: SmtpFarEnd, more: Partial<Parameters<typeof smtpMailer>[0]> = {}) {
  return smtpMailer({
    host: '127.0.0.1',
    port: farEnd.port,
    tls: 'optional',
    from: SENDER,
    timeoutSeconds: PATIENCE_SECONDS,
    ...more,
  })
}

mailerContract('smtp', async (): Promise<MailWorld> => {
  const farEnd = await openSmtpFarEnd(AUTH)
  return {
    mailer: overSmtp(farEnd, { auth: AUTH }),
    arrived: async () => farEnd.delivered.map(arrivedOf),
    async refuse() {
      farEnd.mood = 'refusing'
    },
    async silence() {
      farEnd.mood = 'silent'
      return overSmtp(farEnd, { auth: AUTH, timeoutSeconds: IMPATIENCE_SECONDS })
    },
    leave: farEnd.stop,
    close: farEnd.stop,
  }
})

mailerContract('postmark', async (): Promise<MailWorld> => {
  const received: Array<Record<string, string>> = []
  let mood = 'kind'
  const server = await serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      assert.equal(new URL(request.url).pathname, '/base/email')
      assert.equal(request.headers.get('x-postmark-server-token'), 'secret-token')
      const body = (await request.json()) as Record<string, string>
      if (mood === 'silent') return await new Promise<Response>(() => {})
      if (mood === 'refusing') {
        return Response.json({ ErrorCode: 300, Message: 'Invalid email' }, { status: 422 })
      }
      received.push(body)
      return Response.json({ ErrorCode: 0, Message: 'OK' })
    },
    onError: () => new Response('', { status: 500 }),
  })
  const stop = () => server.stop(0)
  const mailerOf = (timeoutSeconds: number) =>
    postmarkMailer({
      baseUrl: `${server.url}/base`,
      token: 'secret-token',
      from: SENDER,
      timeoutSeconds,
    })
  return {
    mailer: mailerOf(PATIENCE_SECONDS),
    arrived: async () =>
      received.map((body) => {
        assert.equal(body.MessageStream, 'outbound')
        assert.equal(body.TrackOpens, false)
        return {
          from: body.From ?? '',
          to: [body.To ?? ''],
          subject: body.Subject ?? '',
          text: body.TextBody ?? '',
          html: body.HtmlBody ?? '',
          id: JSON.stringify(body.Metadata),
        }
      }),
    async refuse() {
      mood = 'refusing'
    },
    async silence() {
      mood = 'silent'
      return mailerOf(IMPATIENCE_SECONDS)
    },
    leave: stop,
    close: stop,
  }
})

const lines: string[] = []
const log: Log = {
  debug: () => {},
  info: (fields, message) => void lines.push(JSON.stringify({ ...fields, message })),
  warn: () => {},
  error: () => {},
}

mailerContract('outbox', async (): Promise<MailWorld> => {
  const home = await mkdtemp(join(tmpdir(), 'entrepot-outbox-'))
  const dir = join(home, 'outbox')
  let shelf = dir
  return {
    mailer: outboxMailer({ dir, from: SENDER, log }),
    async arrived() {
      const names = await readdir(shelf).catch(() => [])
      assert.ok(names.every((name) => name.endsWith('.eml')))
      const raws = await Promise.all(
        names.sort().map((name) => readFile(join(shelf, name), 'utf8')),
      )
      return raws.map((raw) => {
        const { headers, text, html } = readMessage(raw)
        return {
          from: /<(.+)>/.exec(headers.get('from') ?? '')?.[1] ?? '',
          to: [headers.get('to') ?? ''],
          subject: headers.get('subject') ?? '',
          id: headers.get('message-id') ?? '',
          text,
          html,
        }
      })
    },
    async refuse() {
      shelf = join(home, 'kept')
      await rename(dir, shelf)
      await writeFile(dir, 'a file where the folder should be')
    },
    close: () => rm(home, { recursive: true, force: true }),
  }
})

describe('mail over SMTP', () => {
  test('where TLS is required, a server without it gets neither password nor mail', async () => {
    const farEnd = await openSmtpFarEnd(AUTH)
    try {
      // Its certificate is nobody's.
      const strict = overSmtp(farEnd, { auth: AUTH, tls: 'required', host: '127.0.0.1' })
      await assert.rejects(strict.send(MAIL))
      assert.equal(farEnd.delivered.length, 0)
    } finally {
      await farEnd.stop()
    }
  })

  test('a wrong password is a failure that does not tell it', async () => {
    const farEnd = await openSmtpFarEnd(AUTH)
    try {
      const mailer = overSmtp(farEnd, { auth: { user: 'x', password: 'wrong-secret' } })
      await assert.rejects(mailer.send(MAIL), (error: unknown) => {
        assert.doesNotMatch(String(error), /wrong-secret/)
        return true
      })
    } finally {
      await farEnd.stop()
    }
  })

  test('an address with a comma stays one', async () => {
    const farEnd = await openSmtpFarEnd()
    try {
      await overSmtp(farEnd).send({ ...MAIL, to: '"a,b"@example.org' })
      assert.equal(farEnd.delivered[0]?.to.length, 1)
    } finally {
      await farEnd.stop()
    }
  })
})

describe('mail into files', () => {
  test('the file is its owner’s alone, and the log names the address but nothing of the text', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'entrepot-outbox-'))
    try {
      lines.length = 0
      await outboxMailer({ dir, from: SENDER, log }).send({ ...MAIL, text: 'code A2B3C4D5' })
      const [name = ''] = await readdir(dir)
      assert.equal((await stat(join(dir, name))).mode & 0o777, 0o600)
      assert.equal(lines.length, 1)
      assert.match(lines[0] ?? '', /ann@example\.org/)
      assert.doesNotMatch(lines[0] ?? '', /A2B3C4D5/)
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
  })
})
