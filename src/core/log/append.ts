import { type App, now } from '#core/app.ts'
import { afterCommit } from '#core/db/change.ts'
import { type Param, prepared } from '#core/db/prepared.ts'
import type { Tx } from '#core/db/schema.ts'
import { newLogEntry } from './new-log-entry.ts'
import type { LogFacts } from './record.ts'
import { wakeSequencers } from './wake.ts'

/**
 * Logs an event of a package, in its own transaction: logged if and only if it happened. `name` is
 * the package's path. What is logged of a private package tells strangers nothing.
 */
export async function appendLog(app: App, tx: Tx, facts: LogFacts): Promise<void> {
  const { ecosystem, name } = facts
  const { rows } = await visibilityOf(tx, { ecosystem, name })
  // What is not there any more may have been private.
  await insertEntry(tx, newLogEntry(facts, rows[0]?.visibility ?? 'private', now(app)))
  afterCommit(tx, () => wakeSequencers(app))
}

const visibilityOf = prepared((db, param: Param<{ ecosystem: string; name: string }>) =>
  db
    .selectFrom('packages')
    .select('visibility')
    .where('ecosystem', '=', param('ecosystem'))
    .where('path', '=', param('name')),
)

const insertEntry = prepared((db, param: Param<ReturnType<typeof newLogEntry>>) =>
  db.insertInto('logEntries').values({
    position: param('position'),
    event: param('event'),
    ecosystem: param('ecosystem'),
    name: param('name'),
    version: param('version'),
    digest: param('digest'),
    salt: param('salt'),
    record: param('record'),
    createdAt: param('createdAt'),
  }),
)
