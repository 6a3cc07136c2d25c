import { type App, now } from '#core/app.ts'
import { readLogState } from './read-log.ts'

/** How far the log is behind what happened. */
export interface LogProgress {
  readonly size: number
  /** Entries without a place in the tree. */
  readonly waiting: number
  /** For how long the oldest of them waits. */
  readonly lagSeconds: number
}

/** Counts what waits for the next checkpoint, for metrics. */
export async function logProgress(app: App): Promise<LogProgress> {
  const { size } = await readLogState(app.database.db)
  const { waiting, oldest } = await app.database.db
    .selectFrom('logEntries')
    .select((e) => [e.fn.countAll().as('waiting'), e.fn.min('createdAt').as('oldest')])
    .where('position', 'is', null)
    .executeTakeFirstOrThrow()
  const lagSeconds = oldest === null ? 0 : Math.max(0, now(app) - Number(oldest)) / 1000
  return { size, waiting: Number(waiting), lagSeconds }
}
