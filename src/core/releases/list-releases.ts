import type { App } from '#core/app.ts'
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
}

/** A package's releases, newest first. The caller has checked that the package may be read. */
export async function listReleases(
  app: App,
  from: Package,
  page: PageRequest = {},
): Promise<Page<ReleaseLine>> {
  const before = afterId(page)
  let query = app.database.db
    .selectFrom('releases')
    .select([
      'id',
      'version',
      'digest',
      'mediaType',
      'size',
      'kind',
      'subject',
      'createdAt',
      'yankedAt',
    ])
    .where('packageId', '=', from.id)
  if (before !== undefined) query = query.where('id', '<', before)
  const rows = await query
    .orderBy('id', 'desc')
    .limit(pageLimit(page) + 1)
    .execute()
  return toPage(rows, page, { item: ({ id: _, ...line }) => line, cursor: ({ id }) => id })
}
