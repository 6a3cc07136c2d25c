import type { App } from '#core/app.ts'
import type { Row } from '#core/db/schema.ts'

/** How many jobs of one kind are in one state. */
export interface JobCount {
  readonly kind: string
  readonly state: Row<'jobs'>['state']
  readonly count: number
}

/** Counts the jobs that there are, by kind and state, for metrics. */
export async function jobCounts(app: App): Promise<JobCount[]> {
  const rows = await app.database.db
    .selectFrom('jobs')
    .select((e) => ['kind', 'state', e.fn.countAll().as('count')])
    .groupBy(['kind', 'state'])
    .orderBy('kind')
    .orderBy('state')
    .execute()
  return rows.map((row) => ({ ...row, count: Number(row.count) }))
}
