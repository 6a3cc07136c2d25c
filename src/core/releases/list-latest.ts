import type { Actor } from '#core/access/actor.ts'
import { visiblePackages } from '#core/access/visible.ts'
import type { App } from '#core/app.ts'

/** A release as news of an ecosystem tell of it. */
export interface LatestRelease {
  readonly packageId: number
  readonly path: string
  readonly version: string
  readonly metadata: Readonly<Record<string, unknown>>
  /** Milliseconds since 1970. */
  readonly createdAt: number
}

/**
 * The newest releases of an ecosystem that the actor may read, neither yanked nor removed, newest
 * first. Looks at the packages that changed last, as many as releases are wanted.
 */
export async function listLatestReleases(
  app: App,
  actor: Actor,
  ecosystem: string,
  limit: number,
): Promise<LatestRelease[]> {
  const { db } = app.database
  const packages = await db
    .selectFrom('packages')
    .innerJoin('namespaces', 'namespaces.id', 'packages.namespaceId')
    .select('packages.id')
    .where('packages.ecosystem', '=', ecosystem)
    .where('namespaces.status', '=', 'active')
    .where(visiblePackages(actor))
    .orderBy('packages.updatedAt', 'desc')
    .limit(limit)
    .execute()
  if (packages.length === 0) return []
  const ids = packages.map(({ id }) => id)
  const rows = await db
    .selectFrom('releases')
    .innerJoin('packages', 'packages.id', 'releases.packageId')
    .select(['releases.packageId', 'packages.path', 'releases.version'])
    .select(['releases.metadata', 'releases.createdAt'])
    .where('releases.packageId', 'in', ids)
    .where('releases.yankedAt', 'is', null)
    .where('releases.removedAt', 'is', null)
    .orderBy('releases.id', 'desc')
    .limit(limit)
    .execute()
  return rows.map(({ metadata, ...row }) => ({ ...row, metadata: JSON.parse(metadata) }))
}
