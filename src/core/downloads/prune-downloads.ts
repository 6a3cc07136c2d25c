import { type App, now } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import type { JobHandler, Schedule } from '#core/jobs/job.ts'
import { lastDayBeforeSeason } from './read-downloads.ts'

const KIND = 'downloads.prune'
/** Nobody tries to record a batch again after that long: whoever counted it was asked every few seconds. */
const BATCH_MEMORY_MS = 30 * 86_400_000

/** The job that forgets days which are not told any more; what they added to the totals stays. */
export const pruneDownloadsJob: JobHandler = { kind: KIND, run: (app) => pruneDownloads(app) }

/** When it runs: twice a day. */
export const pruneDownloadsSchedule: Schedule = { kind: KIND, everySeconds: 43_200 }

/** Forgets the days before the season, and the ids of batches that were recorded long ago. */
export async function pruneDownloads(app: App): Promise<void> {
  await change(app, async (tx) => {
    await tx.deleteFrom('downloadDays').where('day', '<=', lastDayBeforeSeason(app)).execute()
    await tx
      .deleteFrom('downloadBatches')
      .where('recordedAt', '<', now(app) - BATCH_MEMORY_MS)
      .execute()
  })
}
