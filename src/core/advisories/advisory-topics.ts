import type { App } from '#core/app.ts'
import { packageTopic } from '#core/cache/topics.ts'
import type { PackageRef } from '#core/packages/package.ts'
import { pathOf } from './resolve-affected.ts'

/** Ends whatever was made of advisories. */
export const ADVISORIES_TOPIC = 'advisories'

const MAX_TOPICS = 500

/**
 * What ends a list of advisories, of a package or of all: besides the advisories themselves whatever
 * they are about, because what a package is decides who may see them. Nothing when that is too much.
 */
export async function advisoryTopics(
  app: App,
  of: PackageRef | undefined,
): Promise<string[] | undefined> {
  let query = app.database.db
    .selectFrom('advisoryPackages')
    .innerJoin('packages', (join) =>
      join.on(({ or, and, eb, ref }) =>
        or([
          eb('packages.id', '=', ref('advisoryPackages.packageId')),
          and([
            eb('packages.ecosystem', '=', ref('advisoryPackages.ecosystem')),
            eb('packages.path', '=', ref('advisoryPackages.name')),
          ]),
        ]),
      ),
    )
    .select('packages.id')
    .distinct()
  const rules = of && app.ecosystems.find(({ id }) => id === of.ecosystem)
  if (of && rules) {
    query = query.where('advisoryPackages.advisoryId', 'in', (eb) =>
      eb
        .selectFrom('advisoryPackages')
        .select('advisoryId')
        .where('ecosystem', '=', of.ecosystem)
        .where('name', '=', pathOf(rules, of)),
    )
  }
  const rows = await query.limit(MAX_TOPICS + 1).execute()
  if (rows.length > MAX_TOPICS) return undefined
  return [ADVISORIES_TOPIC, ...rows.map(({ id }) => packageTopic(id))]
}
