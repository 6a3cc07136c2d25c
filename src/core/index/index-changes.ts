import { type App, now } from '#core/app.ts'
import { afterCommit } from '#core/db/change.ts'
import { type Param, prepared } from '#core/db/prepared.ts'
import type { Tx } from '#core/db/schema.ts'
import type { Package } from '#core/packages/package.ts'
import { wakeIndexWriters } from './wake.ts'

/**
 * Has a package looked at for its ecosystem's index, in the transaction that changed it: call it
 * whenever releases come, go, or are yanked or deprecated, and when the package is renamed, moved,
 * shown, hidden or deleted. Costs nothing where there is no index.
 */
export async function noteIndexChange(
  app: App,
  tx: Tx,
  { id, ecosystem }: Pick<Package, 'id' | 'ecosystem'>,
): Promise<void> {
  if (!app.ecosystems.some((one) => one.id === ecosystem && one.index)) return
  await insertChange(tx, { ecosystem, packageId: id, createdAt: now(app) })
  afterCommit(tx, () => wakeIndexWriters(app))
}

const insertChange = prepared(
  (db, param: Param<{ ecosystem: string; packageId: number; createdAt: number }>) =>
    db.insertInto('indexChanges').values({
      ecosystem: param('ecosystem'),
      packageId: param('packageId'),
      createdAt: param('createdAt'),
    }),
)

/** Waits in place of a package for the files that are about none; no package has this id. */
export const ROOT_FILES = 0

/** Has every package of an ecosystem looked at, and the files that are about none. */
export async function noteAllIndexChanges(app: App, tx: Tx, ecosystem: string): Promise<void> {
  await insertChange(tx, { ecosystem, packageId: ROOT_FILES, createdAt: now(app) })
  await tx
    .insertInto('indexChanges')
    .columns(['ecosystem', 'packageId', 'createdAt'])
    .expression((eb) =>
      eb
        .selectFrom('packages')
        .select(['packages.ecosystem', 'packages.id', eb.val(now(app)).as('createdAt')])
        .where('packages.ecosystem', '=', ecosystem)
        .orderBy('packages.id'),
    )
    .execute()
  afterCommit(tx, () => wakeIndexWriters(app))
}

/** When the change that waits longest was made; undefined when none waits. One look into an index. */
export async function oldestIndexChange(app: App, ecosystem: string): Promise<number | undefined> {
  const { rows } = await oldestOf(app.database.db, { ecosystem })
  return rows[0]?.createdAt
}

const oldestOf = prepared((db, param: Param<{ ecosystem: string }>) =>
  db
    .selectFrom('indexChanges')
    .select('createdAt')
    .where('ecosystem', '=', param('ecosystem'))
    .orderBy('seq')
    .limit(1),
)
