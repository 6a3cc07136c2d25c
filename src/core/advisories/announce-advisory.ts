import { packageTopic } from '#core/cache/topics.ts'
import { changed } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'

/** Ends what is kept in memory of the packages that an advisory is about: some of it names advisories. */
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
  if (rows.length > 0) changed(tx, ...rows.map(({ id }) => packageTopic(id)))
}
