import { type App, now } from '#core/app.ts'
import type { Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import type { Package } from '#core/packages/package.ts'

/** Points a tag at a release, as part of a change; refused when the package's tags do not move. */
export async function setTag(
  app: App,
  tx: Tx,
  target: Package,
  { name, releaseId }: { name: string; releaseId: number },
): Promise<void> {
  const tag = { packageId: target.id, name, releaseId, updatedAt: now(app) }
  if (!target.immutableTags) {
    await tx
      .insertInto('tags')
      .values(tag)
      .onConflict((conflict) =>
        conflict
          .columns(['packageId', 'name'])
          .doUpdateSet({ releaseId, updatedAt: tag.updatedAt }),
      )
      .execute()
    return
  }
  await tx
    .insertInto('tags')
    .values(tag)
    .onConflict((conflict) => conflict.columns(['packageId', 'name']).doNothing())
    .execute()
  const current = await tx
    .selectFrom('tags')
    .select('releaseId')
    .where('packageId', '=', target.id)
    .where('name', '=', name)
    .executeTakeFirstOrThrow()
  if (current.releaseId === releaseId) return
  throw new RegistryError(
    'tag_immutable',
    `${target.path}:${name} exists, and its tags do not move`,
  )
}
