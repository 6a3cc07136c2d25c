import type { App } from '#core/app.ts'
import type { Row, Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'

/** A job nobody runs, locked against being run until the transaction ends. */
export async function getRestingJob(app: App, tx: Tx, id: number): Promise<Row<'jobs'>> {
  const query = tx.selectFrom('jobs').selectAll().where('id', '=', id)
  const job = await app.database.dialect.lock(query).executeTakeFirst()
  if (!job) throw new RegistryError('job_unknown', `there is no job ${id}`)
  if (job.state === 'running') throw new RegistryError('conflict', `job ${id} is running`)
  return job
}
