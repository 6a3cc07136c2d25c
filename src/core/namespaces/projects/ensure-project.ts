import { type App, now } from '#core/app.ts'
import type { Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'

/** The project of that name, created when it is new and the namespace's quota allows. */
export async function ensureProject(
  app: App,
  tx: Tx,
  { namespaceId, name }: { namespaceId: number; name: string },
): Promise<{ id: number; isNew: boolean }> {
  const find = () =>
    tx
      .selectFrom('projects')
      .select('id')
      .where('namespaceId', '=', namespaceId)
      .where('name', '=', name)
      .executeTakeFirst()
  const found = await find()
  if (found) return { id: found.id, isNew: false }
  await checkProjectQuota(app, tx, namespaceId)
  await tx
    .insertInto('projects')
    .values({ namespaceId, name, consumerLabels: '{}', providerLabels: '{}', createdAt: now(app) })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const created = await find()
  if (!created) throw new Error(`project ${name} was neither found nor created`)
  return { id: created.id, isNew: true }
}

async function checkProjectQuota(app: App, tx: Tx, namespaceId: number): Promise<void> {
  const namespace = await app.database.dialect
    .lock(tx.selectFrom('namespaces').select(['name', 'maxProjects']).where('id', '=', namespaceId))
    .executeTakeFirstOrThrow()
  if (namespace.maxProjects === null) return
  const { count } = await tx
    .selectFrom('projects')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('namespaceId', '=', namespaceId)
    .executeTakeFirstOrThrow()
  if (Number(count) < namespace.maxProjects) return
  throw new RegistryError(
    'quota_exceeded',
    `namespace ${namespace.name} may hold ${namespace.maxProjects} projects and has ${count}`,
  )
}
