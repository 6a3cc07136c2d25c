import type { App } from '#core/app.ts'
import { change } from '#core/db/change.ts'

const KEY = 'blobs.reclaimableBytes'

/** Bytes that no release needed when the last collection ended: they go when their grace is over. */
export async function reclaimableBytes(app: App): Promise<number> {
  const row = await app.database.db
    .selectFrom('settings')
    .select('value')
    .where('key', '=', KEY)
    .executeTakeFirst()
  return Number(row?.value ?? 0)
}

/** Keeps what a collection found, because finding it takes a walk over every blob. */
export async function rememberReclaimable(app: App, bytes: number): Promise<void> {
  if ((await reclaimableBytes(app)) === bytes) return
  const value = String(bytes)
  await change(app, (tx) =>
    tx
      .insertInto('settings')
      .values({ key: KEY, value })
      .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
      .execute(),
  )
}
