import type { Actor } from '#core/access/actor.ts'
import { visiblePackages } from '#core/access/visible.ts'
import type { App } from '#core/app.ts'

/** Which packages, and which page of them. */
export interface PackageFilter {
  readonly ecosystem: string
  readonly namespaceId?: number
  /** Leaves out packages that have no release yet. */
  readonly hasReleases?: boolean
  readonly limit: number
  /** The path that the previous page ended with. */
  readonly after?: string | undefined
}

/** The packages of one ecosystem that the actor may read, in byte order of their paths. */
export function listPackages(app: App, actor: Actor, filter: PackageFilter) {
  let query = app.database.db
    .selectFrom('packages')
    .innerJoin('namespaces', 'namespaces.id', 'packages.namespaceId')
    .select([
      'packages.id',
      'packages.path',
      'packages.name',
      'packages.spelling',
      'packages.visibility',
      'packages.updatedAt',
    ])
    .where('namespaces.status', '=', 'active')
    .where('packages.ecosystem', '=', filter.ecosystem)
    .where(visiblePackages(actor))
    .orderBy('packages.path')
    .limit(filter.limit)
  if (filter.after !== undefined) query = query.where('packages.path', '>', filter.after)
  if (filter.namespaceId !== undefined) {
    query = query.where('packages.namespaceId', '=', filter.namespaceId)
  }
  if (filter.hasReleases) {
    query = query.where((eb) =>
      eb.exists(
        eb
          .selectFrom('releases')
          .select('releases.id')
          .whereRef('releases.packageId', '=', 'packages.id')
          .where('releases.removedAt', 'is', null),
      ),
    )
  }
  return query.execute()
}
