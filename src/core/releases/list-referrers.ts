import type { App } from '#core/app.ts'
import type { Package } from '#core/packages/package.ts'

/** A release that is about another one. */
export interface Referrer {
  readonly id: number
  readonly digest: string
  readonly mediaType: string
  readonly size: number
  readonly kind: string
  readonly metadata: Readonly<Record<string, unknown>>
}

/** The releases of a package that name `subject`, oldest first, after the one with id `after`. */
export async function listReferrers(
  app: App,
  from: Package,
  subject: string,
  page: { limit: number; after: number; kind?: string | undefined },
): Promise<Referrer[]> {
  let query = app.database.db
    .selectFrom('releases')
    .select(['id', 'digest', 'mediaType', 'size', 'kind', 'metadata'])
    .where('packageId', '=', from.id)
    .where('subject', '=', subject)
    .where('removedAt', 'is', null)
    .where('id', '>', page.after)
    .orderBy('id')
    .limit(page.limit)
  if (page.kind !== undefined) query = query.where('kind', '=', page.kind)
  const rows = await query.execute()
  return rows.map((row) => ({ ...row, metadata: JSON.parse(row.metadata) }))
}
