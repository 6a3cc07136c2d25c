import type { App } from '#core/app.ts'
import type { Package } from '#core/packages/package.ts'

/** A tag and what it points at. */
export interface Tag {
  readonly name: string
  readonly digest: string
  readonly mediaType: string
  readonly size: number
  readonly updatedAt: number
}

/** A package's tags in byte order of their names, after `after`. */
export function listTags(
  app: App,
  from: Package,
  page: { limit: number; after?: string | undefined },
): Promise<Tag[]> {
  let query = app.database.db
    .selectFrom('tags')
    .innerJoin('releases', 'releases.id', 'tags.releaseId')
    .select([
      'tags.name',
      'tags.updatedAt',
      'releases.digest',
      'releases.mediaType',
      'releases.size',
    ])
    .where('tags.packageId', '=', from.id)
    .orderBy('tags.name')
    .limit(page.limit)
  if (page.after !== undefined) query = query.where('tags.name', '>', page.after)
  return query.execute()
}
