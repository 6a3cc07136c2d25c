import { type App, now } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import type { Row } from '#core/db/schema.ts'
import { type CollectItem, type CollectRun, WRITE_ROWS } from './collect-run.ts'

type Upload = Pick<Row<'uploads'>, 'id' | 'offset' | 'parts'>

/** Gives up uploads that nobody touched for too long. */
export async function* collectUploads({ app, dryRun }: CollectRun): AsyncGenerator<CollectItem[]> {
  const cutoff = now(app) - app.settings.uploadExpirySeconds * 1000
  let after = ''
  for (;;) {
    const expired = await app.database.db
      .selectFrom('uploads')
      .select(['id', 'offset', 'parts'])
      .where('touchedAt', '<', cutoff)
      .where('id', '>', after)
      .orderBy('id')
      .limit(WRITE_ROWS)
      .execute()
    const last = expired.at(-1)
    if (!last) return
    after = last.id
    const taken = dryRun ? expired : await expire(app, expired, cutoff)
    yield taken.map(({ id, offset }) => ({ kind: 'upload', name: id, bytes: offset }))
  }
}

async function expire(app: App, uploads: Upload[], cutoff: number): Promise<Upload[]> {
  const deleted = await change(app, (tx) =>
    tx
      .deleteFrom('uploads')
      .where(
        'id',
        'in',
        uploads.map(({ id }) => id),
      )
      // Somebody may have come back to it.
      .where('touchedAt', '<', cutoff)
      .returning(['id', 'offset', 'parts'])
      .execute(),
  )
  for (const { parts } of deleted) {
    for (const partId of JSON.parse(parts) as string[]) await app.blobs.abort(partId)
  }
  return deleted
}
