import type { Db } from '#core/db/schema.ts'

/**
 * Packages that search shows, with what their newest release says: those with a release that is
 * neither yanked nor removed nor about another release. The index `releases_newest` is made for this.
 */
export function selectSearchables(db: Db) {
  return db
    .selectFrom('packages')
    .innerJoin('releases', (join) =>
      join.on((eb) =>
        eb(
          'releases.id',
          '=',
          eb
            .selectFrom('releases as newest')
            .select('newest.id')
            .whereRef('newest.packageId', '=', 'packages.id')
            .where('newest.yankedAt', 'is', null)
            .where('newest.subject', 'is', null)
            .where('newest.removedAt', 'is', null)
            .orderBy('newest.id', 'desc')
            .limit(1),
        ),
      ),
    )
    .select([
      'packages.id',
      'packages.ecosystem',
      'packages.namespaceId',
      'packages.path',
      'packages.name',
      'packages.visibility',
      'packages.updatedAt',
      'releases.id as releaseId',
      'releases.metadata',
    ])
}
