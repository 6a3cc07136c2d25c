import { setTimeout as sleep } from 'node:timers/promises'
import type { App } from '#core/app.ts'
import type { Row } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { wakeSequencers } from './wake.ts'

/** An entry that has its place in the tree. */
export type LogEntry = Row<'logEntries'> & { readonly position: number }

/** Which release; `name` is the package's path. */
export interface ReleaseName {
  readonly ecosystem: string
  readonly name: string
  readonly version: string
}

/** Events that say that a release came to be under a name, with its digest. */
const ARRIVALS: readonly string[] = ['publish', 'transfer']
const WAIT_MS = 2_000
const STEP_MS = 40
const MAX_EVENTS = 1_000

/** Everything logged of a release, oldest first; what was just logged is waited for. */
export async function listEntries(
  app: App,
  release: ReleaseName,
  { withHidden }: { readonly withHidden: boolean },
): Promise<LogEntry[]> {
  for (let waited = 0; ; waited += STEP_MS) {
    const found = await select(app, release)
    const rows = withHidden ? found : found.filter(({ salt }) => salt === null)
    const placed = rows.filter(isPlaced)
    if (placed.length === rows.length) return placed
    if (waited >= WAIT_MS) {
      throw new RegistryError('unavailable', 'this is not in the log yet', { retryAfterSeconds: 1 })
    }
    wakeSequencers(app)
    await sleep(STEP_MS)
  }
}

/** The newest entry that tells of the release itself. */
export async function getReleaseEntry(app: App, release: ReleaseName): Promise<LogEntry> {
  const found = arrivalOf(await listEntries(app, release, { withHidden: true }))
  if (found) return found
  throw unknownInLog(release)
}

/** Of a release's entries, the one that tells of the release itself. */
export function arrivalOf(entries: readonly LogEntry[]): LogEntry | undefined {
  return entries.findLast(({ event, digest }) => ARRIVALS.includes(event) && digest !== '')
}

/** What is said of releases that are not in the log, and of private ones to strangers. */
export function unknownInLog({ ecosystem, name, version }: ReleaseName): RegistryError {
  return new RegistryError('release_unknown', `the log has no ${ecosystem}/${name} ${version}`)
}

function select(app: App, { ecosystem, name, version }: ReleaseName) {
  return app.database.db
    .selectFrom('logEntries')
    .selectAll()
    .where('ecosystem', '=', ecosystem)
    .where('name', '=', name)
    .where('version', '=', version)
    .orderBy('seq')
    .limit(MAX_EVENTS)
    .execute()
}

function isPlaced(row: Row<'logEntries'>): row is LogEntry {
  return row.position !== null
}
