import type { App } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import type { Package } from '#core/packages/package.ts'
import { afterId, type Page, type PageRequest, pageLimit, toPage } from '#core/page.ts'

/** A release as lists show it. */
export interface ReleaseLine {
  readonly version: string
  readonly digest: string
  readonly mediaType: string
  readonly size: number
  readonly kind: string
  readonly subject: string | null
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly yankedAt: number | null
  readonly yankReason: string | null
  /** Why nobody should use it any more, or null. */
  readonly deprecation: string | null
  /** Set for a tombstone. */
  readonly removedAt: number | null
  /** As far as they are written down. */
  readonly downloads: number
}

/** A package's releases, newest first. The caller has checked that the package may be read. */
export async function listReleases(
  app: App,
  from: Package,
  page: PageRequest = {},
): Promise<Page<ReleaseLine>> {
  const before = afterId(page)
  let query = selectLines(app, from)
  if (before !== undefined) query = query.where('id', '<', before)
  const rows = await query
    .orderBy('id', 'desc')
    .limit(pageLimit(page) + 1)
    .execute()
  return toPage(rows, page, { item: lineOf, cursor: ({ id }) => id })
}

/** One release as lists show it, tombstones too; throws `release_unknown`. */
export async function getReleaseLine(
  app: App,
  from: Package,
  version: string,
): Promise<ReleaseLine> {
  const row = await selectLines(app, from).where('version', '=', version).executeTakeFirst()
  if (!row) throw new RegistryError('release_unknown', `${from.path} has no ${version}`)
  return lineOf(row)
}

function selectLines(app: App, from: Package) {
  return app.database.db
    .selectFrom('releases')
    .leftJoin('downloadTotals', 'downloadTotals.releaseId', 'releases.id')
    .select(['id', 'version', 'digest', 'mediaType', 'size', 'kind', 'subject', 'createdAt'])
    .select(['yankedAt', 'yankReason', 'deprecation', 'removedAt', 'downloadTotals.count'])
    .where('packageId', '=', from.id)
}

type LineRow = Omit<ReleaseLine, 'downloads'> & {
  readonly id: number
  readonly count: number | null
}

function lineOf({ id: _, count, ...line }: LineRow): ReleaseLine {
  return { ...line, downloads: Number(count ?? 0) }
}
