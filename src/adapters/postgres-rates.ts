import { sql } from 'kysely'
import type { Db } from '#core/db/schema.ts'
import type { RateCounter } from '#core/limits/rate-counter.ts'
import { windowOf } from '#core/limits/window.ts'

/** Any fixed number: processes that start together must not create the table at once. */
const CREATE_LOCK = 7_080_001

/** Counts in an unlogged table, which is emptied when PostgreSQL crashes: these are only counters. */
export function postgresRates(db: Db): RateCounter {
  let ready: Promise<void> | undefined

  async function prepare(): Promise<void> {
    ready ??= createTable(db)
    try {
      await ready
    } catch (error) {
      ready = undefined
      throw error
    }
  }

  return {
    async add(key, windowSeconds, cost, at) {
      await prepare()
      const { start, end } = windowOf(windowSeconds, at)
      const query =
        cost === 0
          ? sql<{ count: string }>`select count from rate_counts
              where key = ${key} and window_start = ${start} and window_end = ${end}`
          : sql<{ count: string }>`insert into rate_counts as counts
              (key, window_start, window_end, count) values (${key}, ${start}, ${end}, ${cost})
              on conflict (key, window_start, window_end)
              do update set count = counts.count + excluded.count returning count`
      const { rows } = await query.execute(db)
      return { count: Number(rows[0]?.count ?? 0), resetAt: new Date(end) }
    },
    async prune(at) {
      await prepare()
      await sql`delete from rate_counts where window_end <= ${at.getTime()}`.execute(db)
    },
  }
}

async function createTable(db: Db): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(${CREATE_LOCK})`.execute(tx)
    await sql`create unlogged table if not exists rate_counts (
      key text not null, window_start bigint not null, window_end bigint not null,
      count bigint not null, primary key (key, window_start, window_end))`.execute(tx)
    await sql`create index if not exists rate_counts_end on rate_counts (window_end)`.execute(tx)
  })
}
