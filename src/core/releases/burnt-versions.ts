import type { Tx } from '#core/db/schema.ts'
import type { Package } from '#core/packages/package.ts'

/** Gives a new package the tombstones that an earlier one of its name had. */
export async function restoreTombstones(tx: Tx, created: Package): Promise<void> {
  const burnt = await tx
    .selectFrom('burntVersions')
    .select(['version', 'digest', 'removedAt'])
    .where('ecosystem', '=', created.ecosystem)
    .where('path', '=', created.path)
    .execute()
  for (const { version, digest, removedAt } of burnt) {
    await tx
      .insertInto('releases')
      .values({
        packageId: created.id,
        version,
        digest,
        mediaType: '',
        size: 0,
        kind: '',
        subject: null,
        metadata: '{}',
        yankedAt: null,
        removedAt,
        createdAt: removedAt,
        createdBy: 'system:job',
      })
      .execute()
  }
}

/** Burns what a package's tombstones stand for under the name that it has now. */
export async function burnUnder(tx: Tx, target: Pick<Package, 'id' | 'ecosystem' | 'path'>) {
  const { id, ecosystem, path } = target
  await tx
    .insertInto('burntVersions')
    .columns(['ecosystem', 'path', 'version', 'digest', 'removedAt'])
    .expression((eb) =>
      eb
        .selectFrom('releases')
        .select((e) => [
          e.val(ecosystem).as('ecosystem'),
          e.val(path).as('path'),
          'version',
          'digest',
          e.fn.coalesce('removedAt', e.lit(0)).as('removedAt'),
        ])
        .where('packageId', '=', id)
        .where('removedAt', 'is not', null),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}
