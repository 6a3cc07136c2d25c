import pg from 'pg'
import type { ChangeSignal } from '#core/db/dialect.ts'
import { APPLICATION_NAME } from './postgres-others.ts'

const HEARTBEAT_MS = 1_000
const HEARTBEAT_TIMEOUT_MS = 3_000

/**
 * Hears NOTIFY on a connection of its own. While that connection is down or silent nothing in
 * memory is trusted; when it is back everything is forgotten once.
 */
export async function listenForChanges(
  url: string,
  channel: string,
  onError: (error: Error) => void,
): Promise<ChangeSignal & { close(): Promise<void> }> {
  const listener = new Listener(url, channel, onError)
  await listener.connect()
  return listener
}

class Listener implements ChangeSignal {
  readonly #url: string
  readonly #channel: string
  readonly #onError: (error: Error) => void
  #client: pg.Client | undefined
  #topics: string[] = []
  #isClosed = false
  #mustForget = true
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(url: string, channel: string, onError: (error: Error) => void) {
    this.#url = url
    this.#channel = channel
    this.#onError = onError
  }

  get isTrusted(): boolean {
    return this.#client !== undefined
  }

  poll(): readonly string[] | 'all' {
    if (this.#mustForget) {
      this.#mustForget = false
      this.#topics = []
      return 'all'
    }
    if (this.#topics.length === 0) return this.#topics
    const topics = this.#topics
    this.#topics = []
    return topics
  }

  async connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: APPLICATION_NAME,
      query_timeout: HEARTBEAT_TIMEOUT_MS,
    })
    client.on('error', (error) => this.#lose(client, error))
    client.on('end', () => this.#lose(client, new Error('the listening connection ended')))
    client.on('notification', ({ payload }) => {
      if (payload) this.#topics.push(...payload.split(' '))
    })
    await client.connect()
    await client.query(`listen ${this.#channel}`)
    this.#mustForget = true
    this.#client = client
    this.#beat(client)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    const client = this.#client
    this.#client = undefined
    await client?.end()
  }

  /** A connection can die without a word; a question that gets no answer finds out. */
  #beat(client: pg.Client): void {
    this.#timer = setTimeout(() => {
      client.query('select 1').then(
        () => client === this.#client && this.#beat(client),
        (error: Error) => this.#lose(client, error),
      )
    }, HEARTBEAT_MS)
    this.#timer.unref()
  }

  #lose(client: pg.Client, error: Error): void {
    if (this.#isClosed || client !== this.#client) return
    this.#client = undefined
    this.#mustForget = true
    this.#onError(error)
    client.end().catch(() => {})
    this.#retry()
  }

  #retry(): void {
    this.#timer = setTimeout(() => {
      if (this.#isClosed) return
      this.connect().catch(() => this.#retry())
    }, HEARTBEAT_MS)
    this.#timer.unref()
  }
}
