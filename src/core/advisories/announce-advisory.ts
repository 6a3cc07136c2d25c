import { packageTopic } from '#core/cache/topics.ts'
import { changed } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { ADVISORIES_TOPIC } from './advisory-topics.ts'

/** Ends what is kept in memory of advisories, and of the packages that one is about: some names it. */
export async function announceAdvisory(tx: Tx, advisoryId: number): Promise<void> {
  const rows = await tx
    .selectFrom('advisoryPackages')
    .innerJoin('packages', (join) =>
      join
        .onRef('packages.ecosystem', '=', 'advisoryPackages.ecosystem')
        .onRef('packages.path', '=', 'advisoryPackages.name'),
    )
    .select('packages.id')
    .where('advisoryPackages.advisoryId', '=', advisoryId)
    .execute()
  changed(tx, ADVISORIES_TOPIC, ...rows.map(({ id }) => packageTopic(id)))
}
