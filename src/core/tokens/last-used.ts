import { type App, now } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import type { Millis } from '#core/db/schema.ts'
import { extendSessions } from './extend-sessions.ts'

interface Use {
  readonly usedAt: Millis
  isWritten: boolean
}

const PRECISION_MS = 60_000
const BATCH = 500

/** Per app, so that the two apps of a test or a shutdown do not mix; costs a request no query. */
const usesOf = new WeakMap<App, Map<number, Use>>()

/** Remembers that a token was used; once a minute is exact enough. */
export function noteUse(app: App, tokenId: number): void {
  const uses = usesIn(app)
  const usedAt = now(app)
  const known = uses.get(tokenId)
  if (known && usedAt - known.usedAt < PRECISION_MS) return
  uses.set(tokenId, { usedAt, isWritten: false })
}

/** Writes down what was remembered. The worker calls this now and then, and when it stops. */
export async function flushLastUsed(app: App): Promise<void> {
  const uses = usesIn(app)
  const due = [...uses].filter(([, use]) => !use.isWritten)
  for (let start = 0; start < due.length; start += BATCH) {
    const batch = due.slice(start, start + BATCH)
    await writeUses(app, batch)
    for (const [, use] of batch) use.isWritten = true
  }
  for (const [tokenId, use] of uses) {
    if (use.isWritten && now(app) - use.usedAt >= PRECISION_MS) uses.delete(tokenId)
  }
}

/** No audit line: this is a statistic. */
async function writeUses(app: App, batch: ReadonlyArray<[number, Use]>): Promise<void> {
  await change(app, async (tx) => {
    // In order of id: two processes that flush at once must not wait for each other in a circle.
    for (const [tokenId, { usedAt }] of [...batch].sort(([a], [b]) => a - b)) {
      await tx
        .updateTable('tokens')
        .set({ lastUsedAt: usedAt })
        .where('id', '=', tokenId)
        .where((eb) => eb.or([eb('lastUsedAt', 'is', null), eb('lastUsedAt', '<', usedAt)]))
        .execute()
    }
    await extendSessions(tx, new Map(batch.map(([id, { usedAt }]) => [id, usedAt])))
  })
}

function usesIn(app: App): Map<number, Use> {
  const found = usesOf.get(app)
  if (found) return found
  const uses = new Map<number, Use>()
  usesOf.set(app, uses)
  return uses
}
