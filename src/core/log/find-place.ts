import type { App } from '#core/app.ts'
import type { ReleaseName } from './find-entry.ts'
import { leafHash } from './merkle.ts'

/** Where a release is in the log. */
export interface LogPlace {
  /** Null until the log's next checkpoint. */
  readonly index: number | null
  /** Base64. */
  readonly leafHash: string
}

/** Where the log tells of a release, without waiting. The caller has checked that it may be read. */
export async function findPlace(app: App, release: ReleaseName): Promise<LogPlace | undefined> {
  const row = await app.database.db
    .selectFrom('logEntries')
    .select(['position', 'record'])
    .where('ecosystem', '=', release.ecosystem)
    .where('name', '=', release.name)
    .where('version', '=', release.version)
    .where('event', 'in', ['publish', 'transfer'])
    .where('digest', '!=', '')
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (!row) return undefined
  const leaf = Buffer.from(leafHash(row.record)).toString('base64')
  return { index: row.position, leafHash: leaf }
}
