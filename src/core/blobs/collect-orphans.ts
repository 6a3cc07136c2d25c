import { type App, now } from '#core/app.ts'
import { UPLOAD_ID_LENGTH } from '#core/uploads/upload.ts'
import {
  type CollectItem,
  type CollectRun,
  gather,
  graceCutoff,
  WRITE_ROWS,
} from './collect-run.ts'

/** However short the operator's grace is: a push stores its bytes a moment before their row. */
const MIN_GRACE_MS = 15 * 60_000

/**
 * Deletes what the store has and no row tells of: left behind by a crash between store and
 * database. The grace time protects bytes whose row is being written at this moment.
 */
export async function* collectOrphanFiles({
  app,
  dryRun,
}: CollectRun): AsyncGenerator<CollectItem[]> {
  const olderThan = orphanCutoff(app)
  for await (const locators of gather(app.blobs.listLocators(olderThan), WRITE_ROWS)) {
    const rows = await app.database.db
      .selectFrom('blobs')
      .select('locator')
      .where('locator', 'in', locators)
      .execute()
    const known = new Set(rows.map((row) => row.locator))
    const items: CollectItem[] = []
    for (const name of locators.filter((locator) => !known.has(locator))) {
      const bytes = await app.blobs.size(name)
      // Gone meanwhile: it had a row when this began, and another process took it.
      if (bytes === undefined) continue
      if (!dryRun) await app.blobs.delete(name)
      items.push({ kind: 'file', name, bytes })
    }
    yield items
  }
}

/** Deletes parts of uploads that are not going on any more. */
export async function* collectOrphanParts({
  app,
  dryRun,
}: CollectRun): AsyncGenerator<CollectItem[]> {
  const olderThan = orphanCutoff(app)
  for await (const partIds of gather(app.blobs.listParts(olderThan), WRITE_ROWS)) {
    const rows = await app.database.db
      .selectFrom('uploads')
      .select('id')
      .where('id', 'in', partIds.map(uploadIdOf))
      .execute()
    const known = new Set(rows.map((row) => row.id))
    const orphans = partIds.filter((partId) => !known.has(uploadIdOf(partId)))
    if (!dryRun) for (const partId of orphans) await app.blobs.abort(partId)
    yield orphans.map((name) => ({ kind: 'part', name, bytes: 0 }))
  }
}

function orphanCutoff(app: App): Date {
  return new Date(Math.min(graceCutoff(app), now(app) - MIN_GRACE_MS))
}

function uploadIdOf(partId: string): string {
  return partId.slice(0, UPLOAD_ID_LENGTH)
}
