import type { Actor } from '#core/access/actor.ts'
import { authorize } from '#core/access/can.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { namespaceTopic } from '#core/cache/topics.ts'
import { changed } from '#core/db/change.ts'
import type { Row, Tx, Visibility } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { namespaceKey } from '#core/namespaces/namespace-key.ts'
import { ensureProject } from '#core/namespaces/projects/ensure-project.ts'
import { restoreTombstones } from '#core/releases/burnt-versions.ts'
import { refuseMovedName } from './moved-package.ts'
import { type Package, type PackageRef, projectName, resourceOf, selectPackage } from './package.ts'

type Namespace = Row<'namespaces'>

/** A package that may be new: then who may read it, when the settings are not to decide. */
export interface WantedPackage extends PackageRef {
  readonly visibility?: Visibility
}

/**
 * The package to publish into, created when the actor may publish in its namespace and it is new.
 * A private package answers a stranger exactly as a name that does not exist.
 */
export async function ensurePackage(
  app: App,
  tx: Tx,
  actor: Actor,
  ref: WantedPackage,
): Promise<Package> {
  if (actor.kind === 'anonymous') {
    throw new RegistryError('unauthenticated', 'to publish needs a credential')
  }
  const namespace = await getPublishableNamespace(tx, ref)
  const found = await selectPackage(tx, ref)
  if (found) {
    authorize(actor, 'publish', resourceOf(found), () => asIfNew(actor, ref, namespace.id))
    return found
  }
  authorize(actor, 'publish', { namespaceId: namespace.id }, () => forbidden(actor, ref))
  return createPackage(app, tx, actor, { ref, namespace })
}

async function getPublishableNamespace(tx: Tx, ref: PackageRef): Promise<Namespace> {
  const namespace = await tx
    .selectFrom('namespaces')
    .selectAll()
    .where('key', '=', namespaceKey(ref.namespace))
    .executeTakeFirst()
  if (!namespace) {
    throw new RegistryError(
      'forbidden',
      `namespace ${ref.namespace} does not exist; an operator creates it with: entrepot namespace create ${ref.namespace} --owner USER`,
    )
  }
  if (namespace.status === 'terminating') {
    throw new RegistryError('namespace_terminating', `namespace ${namespace.name} is being deleted`)
  }
  return namespace
}

async function createPackage(
  app: App,
  tx: Tx,
  actor: Actor,
  { ref, namespace }: { ref: WantedPackage; namespace: Namespace },
): Promise<Package> {
  const rules = app.ecosystems.find(({ id }) => id === ref.ecosystem)
  if (!rules) throw new RegistryError('not_found', `no ecosystem ${ref.ecosystem} here`)
  const project = projectName(ref)
  const { id: projectId } = await ensureProject(app, tx, {
    namespaceId: namespace.id,
    name: project,
  })
  await checkPackageQuota(app, tx, namespace.id)
  const at = now(app)
  const path = rules.formatName({ namespace: namespace.name, project, name: ref.name })
  await refuseMovedName(tx, { ecosystem: ref.ecosystem, path })
  const inserted = await tx
    .insertInto('packages')
    .values({
      ecosystem: ref.ecosystem,
      namespaceId: namespace.id,
      projectId,
      name: ref.name,
      key: ref.key,
      path,
      foldedPath: rules.foldName?.(path) ?? null,
      spelling: ref.spelling ?? null,
      visibility: ref.visibility ?? app.settings.defaultVisibility,
      immutableTags: 0,
      contentType: '',
      labels: '{}',
      createdAt: at,
      updatedAt: at,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst()
  if (inserted) {
    const subject = `package:${ref.ecosystem}:${path}`
    await audit(app, tx, actor, { action: 'package.create', subject, namespaceId: namespace.id })
    changed(tx, namespaceTopic(namespace.id))
  }
  const created = await selectPackage(tx, ref)
  // Somebody else made it at the same time, under a name that folds to the same key.
  if (!created)
    throw new RegistryError('name_taken', `the name ${path} collides with that of another package`)
  if (inserted) await restoreTombstones(tx, created)
  return created
}

/** Counting is exact because the namespace's row is locked until the transaction ends. */
export async function checkPackageQuota(app: App, tx: Tx, namespaceId: number): Promise<void> {
  const namespace = await app.database.dialect
    .lock(tx.selectFrom('namespaces').select(['name', 'maxPackages']).where('id', '=', namespaceId))
    .executeTakeFirstOrThrow()
  if (namespace.maxPackages === null) return
  const { count } = await tx
    .selectFrom('packages')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('namespaceId', '=', namespaceId)
    .executeTakeFirstOrThrow()
  if (Number(count) < namespace.maxPackages) return
  throw new RegistryError(
    'quota_exceeded',
    `namespace ${namespace.name} may hold ${namespace.maxPackages} packages and has ${count}`,
  )
}

/** What somebody hears of a package that they may not see: what they would hear if it were new. */
function asIfNew(actor: Actor, ref: PackageRef, namespaceId: number): RegistryError {
  authorize(actor, 'publish', { namespaceId }, () => forbidden(actor, ref))
  return forbidden(actor, ref)
}

function forbidden(actor: Actor, ref: PackageRef): RegistryError {
  return new RegistryError('forbidden', `${actor.name} may not publish in ${ref.namespace}`)
}
