import type { Actor } from '#core/access/actor.ts'
import { authorize, can } from '#core/access/can.ts'
import type { App } from '#core/app.ts'
import { namespaceTopic, packageTopic } from '#core/cache/topics.ts'
import { type Param, prepared } from '#core/db/prepared.ts'
import type { Db, Visibility } from '#core/db/schema.ts'
import type { ParsedName } from '#core/ecosystem.ts'
import { RegistryError } from '#core/errors.ts'
import { namespaceKey } from '#core/namespaces/namespace-key.ts'
import { missingPackage } from './moved-package.ts'

/** Which package is meant: a name as its ecosystem parsed it. */
export interface PackageRef extends ParsedName {
  readonly ecosystem: string
}

/** What a package is, without its releases. */
export interface Package {
  readonly id: number
  readonly ecosystem: string
  readonly namespaceId: number
  readonly projectId: number
  readonly path: string
  readonly name: string
  /** The whole name as its first publisher wrote it, where that may differ from `path`; or null. */
  readonly spelling: string | null
  readonly visibility: Visibility
  readonly immutableTags: boolean
  /** Why nobody should use it any more, or null. */
  readonly deprecation: string | null
}

/** The package as an access resource. */
export function resourceOf(found: Package) {
  return { namespaceId: found.namespaceId, package: found }
}

/** Finds a package by name, from memory when it can; knows nothing of who asks. */
export function findPackage(app: App, ref: PackageRef): Promise<Package | undefined> {
  const key = `package ${ref.ecosystem} ${namespaceKey(ref.namespace)} ${projectName(ref)} ${ref.key}`
  return app.cache.through(key, async () => {
    const value = await selectPackage(app.database.db, ref)
    const topics = value ? [packageTopic(value.id), namespaceTopic(value.namespaceId)] : []
    return { value, topics }
  })
}

/** The package, if the actor may read it; otherwise `package_unknown`. */
export async function getReadablePackage(
  app: App,
  actor: Actor,
  ref: PackageRef,
): Promise<Package> {
  const found = await findPackage(app, ref)
  if (!found) throw await missingPackage(app.database.db, actor, ref)
  if (!can(actor, 'read', resourceOf(found))) throw packageUnknown(ref)
  return found
}

/** The package, if the actor may do that to it; what they may not see is `package_unknown`. */
export async function getPackageFor(
  app: App,
  actor: Actor,
  ref: PackageRef,
  action: 'publish' | 'delete' | 'manage',
): Promise<Package> {
  const found = await findPackage(app, ref)
  if (!found) throw await missingPackage(app.database.db, actor, ref)
  authorize(actor, action, resourceOf(found), () => packageUnknown(ref))
  return found
}

/** Reads the package's row; inside a transaction, the committed truth. */
export async function selectPackage(db: Db, ref: PackageRef): Promise<Package | undefined> {
  const { rows } = await packageByName(db, {
    namespace: namespaceKey(ref.namespace),
    project: projectName(ref),
    ecosystem: ref.ecosystem,
    key: ref.key,
  })
  const [row] = rows
  return row && { ...row, immutableTags: row.immutableTags === 1 }
}

const packageByName = prepared(
  (db, param: Param<{ namespace: string; project: string; ecosystem: string; key: string }>) =>
    db
      // By way of the project: joined with the namespace, SQLite reads all packages that it has.
      .selectFrom('namespaces')
      .innerJoin('projects', 'projects.namespaceId', 'namespaces.id')
      .innerJoin('packages', 'packages.projectId', 'projects.id')
      .select([
        'packages.id',
        'packages.ecosystem',
        'packages.namespaceId',
        'packages.projectId',
        'packages.path',
        'packages.name',
        'packages.spelling',
        'packages.visibility',
        'packages.immutableTags',
        'packages.deprecation',
      ])
      .where('namespaces.key', '=', param('namespace'))
      .where('namespaces.status', '=', 'active')
      .where('projects.name', '=', param('project'))
      .where('packages.ecosystem', '=', param('ecosystem'))
      .where('packages.key', '=', param('key')),
)

/** The project a package belongs to when its name carries none: its ecosystem's own. */
export function projectName(ref: PackageRef): string {
  return ref.project ?? ref.ecosystem
}

/** What strangers hear of packages that are not there, and of private ones. */
export function packageUnknown(ref: PackageRef): RegistryError {
  return new RegistryError('package_unknown', `no package ${ref.namespace}/${ref.name} here`)
}
