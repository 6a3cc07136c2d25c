import type { Actor } from '#core/access/actor.ts'
import { authorize } from '#core/access/can.ts'
import type { App } from '#core/app.ts'
import type { Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { missingPackage } from './moved-package.ts'
import {
  type Package,
  type PackageRef,
  packageUnknown,
  resourceOf,
  selectPackage,
} from './package.ts'

/** Which package is locked, and what for. */
export interface PackageLock {
  readonly ref: PackageRef
  readonly action: 'read' | 'publish' | 'delete' | 'manage'
  /** Also locks what its namespace uses, and before the package, as pushes do. */
  readonly isCounting?: boolean
}

/**
 * The package as it is now, if the actor may do that to it; it neither moves nor goes until the
 * transaction ends.
 */
export async function lockPackageFor(
  app: App,
  tx: Tx,
  actor: Actor,
  { ref, action, isCounting = false }: PackageLock,
): Promise<Package> {
  const found = await selectPackage(tx, ref)
  if (!found) throw await missingPackage(tx, actor, ref)
  authorize(actor, action, resourceOf(found), () => packageUnknown(ref))
  if (isCounting) {
    const { dialect } = app.database
    const namespace = tx.selectFrom('namespaces').select('id').where('id', '=', found.namespaceId)
    await dialect.lock(namespace).execute()
  }
  await holdPackage(app, tx, found)
  return found
}

/** Keeps a package where it was found; throws `conflict` when it moved or went since. */
export async function holdPackage(
  app: App,
  tx: Tx,
  found: Pick<Package, 'id' | 'namespaceId' | 'path'>,
): Promise<void> {
  const held = await app.database.dialect
    .lock(tx.selectFrom('packages').select('namespaceId').where('id', '=', found.id))
    .executeTakeFirst()
  if (held?.namespaceId !== found.namespaceId) throw packageMoved(found.path)
}

/** What is thrown when a package was moved or deleted while it was being changed. */
export function packageMoved(path: string): RegistryError {
  return new RegistryError('conflict', `${path} was moved or deleted meanwhile: look again`)
}
