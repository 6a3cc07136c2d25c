import type { Actor } from '#core/access/actor.ts'
import { visiblePackages } from '#core/access/visible.ts'
import type { Db, Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { namespaceKey } from '#core/namespaces/namespace-key.ts'
import type { PackageRef } from './package.ts'

/** What is said of a name that no package has; who may read the one that had it hears where it is. */
export async function missingPackage(db: Db, actor: Actor, ref: PackageRef) {
  const moved = await db
    .selectFrom('transfers')
    .innerJoin('namespaces', 'namespaces.id', 'transfers.fromNamespaceId')
    .innerJoin('packages', 'packages.id', 'transfers.packageId')
    .select('packages.path')
    .where('namespaces.key', '=', namespaceKey(ref.namespace))
    .where('transfers.ecosystem', '=', ref.ecosystem)
    .where('transfers.fromProject', '=', ref.project ?? ref.ecosystem)
    .where('transfers.key', '=', ref.key)
    .where('transfers.status', '=', 'accepted')
    .where(visiblePackages(actor))
    .orderBy('transfers.id', 'desc')
    .limit(1)
    .executeTakeFirst()
  const unknown = `no package ${ref.namespace}/${ref.name} here`
  if (!moved) return new RegistryError('package_unknown', unknown)
  return new RegistryError('package_unknown', `${unknown}: it moved to ${moved.path}`, {
    details: { movedTo: moved.path },
  })
}

/**
 * Throws `name_taken` for a name that another package had before it moved: what was published under
 * it must not come again with other content.
 */
export async function refuseMovedName(
  tx: Tx,
  { ecosystem, path, exceptId }: { ecosystem: string; path: string; exceptId?: number },
): Promise<void> {
  let query = tx
    .selectFrom('transfers')
    .select('id')
    .where('ecosystem', '=', ecosystem)
    .where('fromPath', '=', path)
    .where('status', '=', 'accepted')
    .limit(1)
  if (exceptId !== undefined) query = query.where('packageId', '!=', exceptId)
  if (!(await query.executeTakeFirst())) return
  throw new RegistryError('name_taken', `${path} was the name of a package that moved elsewhere`)
}
