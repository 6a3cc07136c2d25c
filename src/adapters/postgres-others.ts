import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** What our connections call themselves. */
export const APPLICATION_NAME = 'entrepot'

/** A process that was just killed keeps its connections for a moment. */
const PATIENCE_MS = 2_000
const POLL_MS = 100

/** How many connections other processes of ours keep to a database; asked before opening it. */
export async function countOtherConnections(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url, application_name: 'entrepot-restore' })
  await client.connect()
  try {
    for (const giveUpAt = Date.now() + PATIENCE_MS; ; ) {
      const { rows } = await client.query<{ count: string }>(
        `select count(*) as count from pg_stat_activity
         where datname = current_database() and application_name = $1`,
        [APPLICATION_NAME],
      )
      const count = Number(rows[0]?.count ?? 0)
      if (count === 0 || Date.now() > giveUpAt) return count
      await sleep(POLL_MS)
    }
  } finally {
    await client.end()
  }
}
