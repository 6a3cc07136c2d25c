import { SMTPServer } from 'smtp-server'
import { type Message, readMessage } from './read-message.ts'

/** A message as it came over the wire. */
export interface Delivered extends Message {
  readonly from: string
  readonly to: readonly string[]
}

/** A real SMTP server that somebody else runs. */
export interface SmtpFarEnd {
  readonly port: number
  readonly delivered: Delivered[]
  /** What it does with the next messages. */
  mood: 'kind' | 'refusing' | 'silent'
  /** Goes away; `start` comes back on the same port. */
  stop(): Promise<void>
  start(): Promise<void>
}

/** What it asks for. */
interface Terms {
  readonly user?: string
  readonly password?: string
}

/** Starts one on a free port. */
export async function openSmtpFarEnd(terms: Terms = {}): Promise<SmtpFarEnd> {
  let server: SMTPServer | undefined
  let port = 0
  const farEnd: Omit<SmtpFarEnd, 'port'> = {
    delivered: [],
    mood: 'kind',
    async start() {
      const starting = createServer(terms, farEnd)
      server = starting
      await new Promise<void>((resolve, reject) => {
        starting.on('error', reject)
        starting.listen(port, '127.0.0.1', () => resolve())
      })
      starting.off('error', () => {})
      const address = starting.server.address()
      if (typeof address === 'object' && address) port = address.port
    },
    async stop() {
      const stopping = server
      server = undefined
      if (stopping) await new Promise<void>((resolve) => stopping.close(() => resolve()))
    },
  }
  await farEnd.start()
  return Object.assign(farEnd, { port })
}

function createServer({ user, password }: Terms, farEnd: Omit<SmtpFarEnd, 'port'>): SMTPServer {
  return new SMTPServer({
    authOptional: user === undefined,
    closeTimeout: 50,
    logger: false,
    onAuth(auth, _session, callback) {
      const isRight = auth.username === user && auth.password === password
      callback(isRight ? null : new Error('wrong password'), { user: auth.username })
    },
    onData(stream, session, callback) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        if (farEnd.mood === 'silent') return
        if (farEnd.mood === 'refusing') {
          return callback(Object.assign(new Error('no such mailbox'), { responseCode: 550 }))
        }
        const { mailFrom, rcptTo } = session.envelope
        farEnd.delivered.push({
          ...readMessage(Buffer.concat(chunks).toString('utf8')),
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
        })
        callback()
      })
    },
  })
}
