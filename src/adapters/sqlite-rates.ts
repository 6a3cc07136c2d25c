import { rmSync } from 'node:fs'
import type { RateCounter } from '#core/limits/rate-counter.ts'
import { windowOf } from '#core/limits/window.ts'
import { isDiskFull, isSqliteBusy, openDatabase } from '#runtime/sqlite.ts'

const BUSY_WAIT_MS = 10_000

type Connection = ReturnType<typeof openDatabase>

/**
 * Counts in a small SQLite file of its own, shared by all processes of one machine. Not durable on
 * purpose: a power cut may lose counts, and a file that cannot be read is replaced by an empty one.
 */
export function openSqliteRates(path: string): RateCounter & { close(): void } {
  const rates = new SqliteRates(path)
  return {
    add: async (key, windowSeconds, cost, at) => {
      const { start, end } = windowOf(windowSeconds, at)
      const [row] = await rates.run(
        cost === 0
          ? {
              sql: 'select count from rate_counts where key = ? and window_start = ? and window_end = ?',
              params: [key, start, end],
            }
          : {
              sql: `insert into rate_counts (key, window_start, window_end, count) values (?, ?, ?, ?)
                    on conflict do update set count = count + excluded.count returning count`,
              params: [key, start, end, cost],
            },
      )
      return { count: Number(row?.count ?? 0), resetAt: new Date(end) }
    },
    prune: async (at) => {
      await rates.run({
        sql: 'delete from rate_counts where window_end <= ? returning 1',
        params: [at.getTime()],
      })
    },
    close: () => rates.close(),
  }
}

interface Statement {
  readonly sql: string
  readonly params: readonly unknown[]
}

class SqliteRates {
  readonly #path: string
  #connection: Connection | undefined
  /** Used while the disk is full. */
  #memory: Connection | undefined

  constructor(path: string) {
    this.#path = path
  }

  async run(statement: Statement): Promise<Record<string, unknown>[]> {
    try {
      return await retryBusy(() => this.#run(statement))
    } catch (error) {
      // Whoever wants to read needs to log in, also when nothing can be written: until there is
      // room again each process counts by itself.
      if (isDiskFull(error)) return this.#runInMemory(statement)
      if (!isUnreadable(error)) throw error
      this.close()
      for (const suffix of ['', '-wal', '-shm']) rmSync(this.#path + suffix, { force: true })
      return retryBusy(() => this.#run(statement))
    }
  }

  close(): void {
    this.#connection?.close()
    this.#connection = undefined
    this.#memory?.close()
    this.#memory = undefined
  }

  #runInMemory({ sql, params }: Statement): Record<string, unknown>[] {
    this.#memory ??= configure(openDatabase(':memory:'))
    return this.#memory.prepare(sql).all(params)
  }

  #run({ sql, params }: Statement): Record<string, unknown>[] {
    this.#connection ??= configure(openDatabase(this.#path))
    return this.#connection.prepare(sql).all(params)
  }
}

function configure(connection: Connection): Connection {
  try {
    // Zero: waiting is done outside SQLite, without blocking the event loop.
    connection.exec('pragma busy_timeout = 0')
    connection.exec('pragma journal_mode = wal')
    connection.exec('pragma synchronous = off')
    connection.exec(`create table if not exists rate_counts (
      key text not null, window_start integer not null, window_end integer not null,
      count integer not null, primary key (key, window_start, window_end)) without rowid`)
    connection.exec('create index if not exists rate_counts_end on rate_counts (window_end)')
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

/** Waits for other processes, whose turns take microseconds. */
async function retryBusy<T>(work: () => T): Promise<T> {
  const giveUpAt = performance.now() + BUSY_WAIT_MS
  for (;;) {
    try {
      return work()
    } catch (error) {
      if (!isSqliteBusy(error) || performance.now() > giveUpAt) throw error
      await new Promise((resolve) => setTimeout(resolve, 0.5 + Math.random() * 3))
    }
  }
}

/** SQLITE_CORRUPT and SQLITE_NOTADB, as both runtimes word them. */
function isUnreadable(error: unknown): boolean {
  return error instanceof Error && /malformed|not a database/.test(error.message)
}
