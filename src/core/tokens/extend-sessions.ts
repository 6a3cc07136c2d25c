import { tokenTopic } from '#core/cache/topics.ts'
import { changed } from '#core/db/change.ts'
import type { Millis, Tx } from '#core/db/schema.ts'

const DAY_MS = 86_400_000
/** A session that nobody used for so long is over. */
const SESSION_IDLE_MS = 30 * DAY_MS
/** However much it is used. */
const SESSION_MAX_MS = 365 * DAY_MS
/** Extended in steps of so much, so that a session in use costs one write a day. */
const STEP_MS = DAY_MS

/** When a session that was used at a moment ends. */
export function sessionEnd(createdAt: Millis, usedAt: Millis): Millis {
  return Math.min(usedAt + SESSION_IDLE_MS, createdAt + SESSION_MAX_MS)
}

/** Lets those of the used tokens that are sessions live longer. */
export async function extendSessions(tx: Tx, usedAt: ReadonlyMap<number, Millis>): Promise<void> {
  const sessions = await tx
    .selectFrom('tokens')
    .select(['id', 'createdAt', 'expiresAt'])
    .where('id', 'in', [...usedAt.keys()])
    .where('kind', '=', 'session')
    .orderBy('id')
    .execute()
  for (const { id, createdAt, expiresAt } of sessions) {
    const end = sessionEnd(createdAt, usedAt.get(id) ?? createdAt)
    if (end < (expiresAt ?? 0) + STEP_MS) continue
    await tx.updateTable('tokens').set({ expiresAt: end }).where('id', '=', id).execute()
    changed(tx, tokenTopic(id))
  }
}
