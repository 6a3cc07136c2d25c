import type { Actor } from '#core/access/actor.ts'
import { visiblePackages } from '#core/access/visible.ts'
import type { App } from '#core/app.ts'
import type { Package } from '#core/packages/package.ts'

/** What a release needs of another package, as its ecosystem writes it: a range. */
export interface ReleaseDependency {
  /** The whole name, as packages.path has it. */
  readonly path: string
  readonly requirement: string
}

/** A release that needs a package. */
export interface Dependent {
  readonly path: string
  readonly version: string
  /** What it needs of it. */
  readonly requirement: string
}

const MAX_DEPENDENTS = 1_000

/**
 * The releases of other packages that name a package among their dependencies, newest first, at most
 * a thousand; those that the actor may read and that were not removed.
 */
export async function listDependents(
  app: App,
  actor: Actor,
  of: Pick<Package, 'id' | 'ecosystem' | 'path'>,
): Promise<Dependent[]> {
  return await app.database.db
    .selectFrom('releaseDependencies')
    .innerJoin('releases', 'releases.id', 'releaseDependencies.releaseId')
    .innerJoin('packages', 'packages.id', 'releases.packageId')
    .innerJoin('namespaces', 'namespaces.id', 'packages.namespaceId')
    .select(['packages.path', 'releases.version', 'releaseDependencies.requirement'])
    .where('releaseDependencies.ecosystem', '=', of.ecosystem)
    .where('releaseDependencies.path', '=', of.path)
    .where('releases.removedAt', 'is', null)
    .where('packages.id', '!=', of.id)
    .where('namespaces.status', '=', 'active')
    .where(visiblePackages(actor))
    .orderBy('releaseDependencies.releaseId', 'desc')
    .limit(MAX_DEPENDENTS)
    .execute()
}
