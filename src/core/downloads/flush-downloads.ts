import { type App, now } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { type DownloadBatch, sealBatches } from './count-download.ts'

/** How often a server flushes: the most that is lost when it is killed. */
export const DOWNLOAD_FLUSH_MS = 5_000

const ROWS_PER_STATEMENT = 500

/** One flush at a time per process. */
const flushing = new WeakMap<App, Promise<void>>()

/**
 * Writes down what was counted since the last time. Each batch has an id that is recorded with its
 * counts, in one transaction: one that was recorded, though nobody heard, is not counted twice.
 */
export function flushDownloads(app: App): Promise<void> {
  const before = flushing.get(app) ?? Promise.resolve()
  const mine = before.catch(() => {}).then(() => flush(app))
  flushing.set(app, mine)
  return mine
}

async function flush(app: App): Promise<void> {
  const batches = sealBatches(app)
  for (let batch = batches[0]; batch; batch = batches[0]) {
    await recordBatch(app, batch)
    batches.shift()
  }
}

/** Adds a batch to what is known; says nothing if it was added before. */
export async function recordBatch(app: App, batch: DownloadBatch): Promise<void> {
  // In order of id: two processes that flush at once must not wait for each other in a circle.
  const all = [...batch.counts].sort(([a], [b]) => a - b)
  await change(app, async (tx) => {
    const added = await tx
      .insertInto('downloadBatches')
      .values({ id: batch.id, recordedAt: now(app) })
      .onConflict((conflict) => conflict.doNothing())
      .returning('id')
      .executeTakeFirst()
    if (!added) return
    for (let at = 0; at < all.length; at += ROWS_PER_STATEMENT) {
      await addCounts(tx, batch.day, all.slice(at, at + ROWS_PER_STATEMENT))
    }
  })
}

async function addCounts(
  tx: Tx,
  day: number,
  counts: ReadonlyArray<readonly [releaseId: number, count: number]>,
): Promise<void> {
  const ids = counts.map(([releaseId]) => releaseId)
  const rows = await tx.selectFrom('releases').select('id').where('id', 'in', ids).execute()
  const present = new Set(rows.map(({ id }) => id))
  // What was deleted since has no number any more.
  const known = counts
    .filter(([releaseId]) => present.has(releaseId))
    .map(([releaseId, count]) => ({ releaseId, count }))
  if (known.length === 0) return
  await tx
    .insertInto('downloadTotals')
    .values(known)
    .onConflict((conflict) =>
      conflict.column('releaseId').doUpdateSet((eb) => ({
        count: eb('downloadTotals.count', '+', eb.ref('excluded.count')),
      })),
    )
    .execute()
  await tx
    .insertInto('downloadDays')
    .values(known.map((one) => ({ ...one, day })))
    .onConflict((conflict) =>
      conflict.columns(['releaseId', 'day']).doUpdateSet((eb) => ({
        count: eb('downloadDays.count', '+', eb.ref('excluded.count')),
      })),
    )
    .execute()
}
