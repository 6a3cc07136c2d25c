import { type App, now } from '#core/app.ts'
import { afterCommit } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { newLogEntry } from './new-log-entry.ts'
import type { LogFacts } from './record.ts'
import { wakeSequencers } from './wake.ts'

/**
 * Logs an event of a package, in its own transaction: logged if and only if it happened. `name` is
 * the package's path. What is logged of a private package tells strangers nothing.
 */
export async function appendLog(app: App, tx: Tx, facts: LogFacts): Promise<void> {
  const target = await tx
    .selectFrom('packages')
    .select('visibility')
    .where('ecosystem', '=', facts.ecosystem)
    .where('path', '=', facts.name)
    .executeTakeFirst()
  // What is not there any more may have been private.
  const entry = newLogEntry(facts, target?.visibility ?? 'private', now(app))
  await tx.insertInto('logEntries').values(entry).execute()
  afterCommit(tx, () => wakeSequencers(app))
}
