/** What a handler may learn about the connection that a request came over. */
export interface Connection {
  /** The peer's address, or '' when it is already gone. Looked up only when asked: it costs. */
  remoteAddress(): string
}

/** How a server is started. */
export interface ServeOptions {
  readonly hostname: string
  /** 0 picks a free port. */
  readonly port: number
  /** May answer at once, without a promise: on Bun that keeps the fast path free of microtasks. */
  fetch(request: Request, connection: Connection): Response | Promise<Response>
  /** Longer request bodies are refused. Unlimited unless set. */
  readonly maxRequestBodySize?: number
  /** Answers for a handler that threw. When bytes are already sent, its answer is dropped. */
  onError(error: unknown): Response | Promise<Response>
}

/** A server that listens. */
export interface RunningServer {
  readonly hostname: string
  readonly port: number
  /** Without a slash at the end. */
  readonly url: string
  /** Takes no new connections, lets transfers in flight end, and cuts them after `graceMs`. */
  stop(graceMs: number): Promise<void>
}

/** Which bytes of a file to send, and with what. */
export interface FileResponseOptions {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** The first byte sent. */
  readonly start: number
  /** The byte after the last one sent. */
  readonly end: number
  /** The request has a Range that must not count: Bun would heed it by itself. */
  readonly isRangeIgnored?: boolean
}

/** One row, as a plain object. Blobs are Uint8Array, integers and reals are number. */
export type SqliteRow = Record<string, unknown>

/** A compiled statement. Parameters: string, number, bigint, boolean (0 or 1), null, Uint8Array. */
export interface SqliteStatement {
  /** True when it gives rows. */
  readonly reader: boolean
  all(params: readonly unknown[]): SqliteRow[]
  run(params: readonly unknown[]): { changes: number; lastInsertRowid: number }
  /** Gives row after row without holding them all. Independent of other uses of this statement. */
  iterate(params: readonly unknown[]): IterableIterator<SqliteRow>
}

/** One SQLite connection; every call blocks. Foreign keys are enforced. */
export interface SqliteConnection {
  /** Statements are kept per connection: preparing the same text again costs a map lookup. */
  prepare(sql: string): SqliteStatement
  /** Runs one or several statements that give no rows. */
  exec(sql: string): void
  close(): void
}

/** How a database is opened. */
export interface SqliteOptions {
  readonly readonly?: boolean
}

/** What a test may say about itself. */
export interface TestOptions {
  /** 60 seconds unless set. */
  readonly timeout?: number
  /** The reason why it cannot run here; false or absent: it runs. */
  readonly skip?: string | false | undefined
}

/** The body of a test or hook. */
export type TestBody = () => unknown

/** Declares a test. */
export interface DeclareTest {
  (name: string, body: TestBody): void
  (name: string, options: TestOptions, body: TestBody): void
}
