import { randomUUID } from 'node:crypto'
import { type App, now } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'

export const KEEP_BLOBS_KEY = 'backup.keepBlobsUntil'
/** So long after a backup was killed collection goes on. */
const PAUSE_MS = 10 * 60_000
const RENEW_MS = 60_000

/**
 * Keeps collection from deleting blobs while `work` copies those that a snapshot names. What is
 * deleted was committed before this resolves to `work`, so a snapshot taken there cannot name it.
 */
export async function whileBlobsAreKept<T>(app: App, work: () => Promise<T>): Promise<T> {
  let kept = await keepBlobs(app)
  const renewing = setInterval(() => {
    keepBlobs(app).then(
      (value) => {
        kept = value
      },
      // The next one may succeed; and a blob that is gone fails the backup, nothing else.
      (error: unknown) => app.log.warn({ err: error }, 'collection may go on during the backup'),
    )
  }, RENEW_MS)
  renewing.unref()
  try {
    return await work()
  } finally {
    clearInterval(renewing)
    await letGo(app, kept)
  }
}

/** Makes the row that `areBlobsKept` locks; before the transactions that ask. */
export async function prepareToAsk(app: App): Promise<void> {
  const row = await app.database.db
    .selectFrom('settings')
    .select('key')
    .where('key', '=', KEEP_BLOBS_KEY)
    .executeTakeFirst()
  if (row) return
  await change(app, (tx) =>
    tx
      .insertInto('settings')
      .values({ key: KEEP_BLOBS_KEY, value: '0' })
      .onConflict((conflict) => conflict.doNothing())
      .execute(),
  )
}

/** Whether a backup needs every blob to stay; the answer holds until the transaction ends. */
export async function areBlobsKept(app: App, tx: Tx): Promise<boolean> {
  const row = await app.database.dialect
    .lock(tx.selectFrom('settings').select('value').where('key', '=', KEEP_BLOBS_KEY))
    .executeTakeFirst()
  // A time and, so that two backups never write the same, something of each one's own.
  return Number.parseInt(row?.value ?? '0', 10) > now(app)
}

/** Extends the time; of several backups the last one to ask decides. */
async function keepBlobs(app: App): Promise<string> {
  const value = `${now(app) + PAUSE_MS} ${randomUUID()}`
  await change(app, (tx) =>
    tx
      .insertInto('settings')
      .values({ key: KEEP_BLOBS_KEY, value })
      .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
      .execute(),
  )
  return value
}

/** Unless another backup asked meanwhile. */
async function letGo(app: App, kept: string): Promise<void> {
  await change(app, (tx) =>
    tx
      .updateTable('settings')
      .set({ value: '0' })
      .where('key', '=', KEEP_BLOBS_KEY)
      .where('value', '=', kept)
      .execute(),
  )
}
