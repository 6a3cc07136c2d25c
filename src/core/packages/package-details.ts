import type { Actor } from '#core/access/actor.ts'
import { visiblePackages } from '#core/access/visible.ts'
import type { App } from '#core/app.ts'
import type { Db, Visibility } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { getNamespace } from '#core/namespaces/find-namespace.ts'
import { afterKey, type Page, type PageRequest, pageLimit, toPage } from '#core/page.ts'
import { getReadablePackage, type PackageRef, packageUnknown } from './package.ts'

/** A package as people see it. */
export interface PackageDetails {
  readonly ecosystem: string
  /** The whole name as its users write it. */
  readonly path: string
  readonly namespace: string
  readonly project: string
  readonly name: string
  readonly visibility: Visibility
  readonly immutableTags: boolean
  /** Why nobody should use it any more, or null. */
  readonly deprecation: string | null
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly updatedAt: number
}

/** Which packages: all conditions together. */
export interface PackageDetailsFilter extends PageRequest {
  readonly ecosystem?: string
  readonly namespace?: string
}

/** One package, if the actor may read it; otherwise `package_unknown`. */
export async function getPackageDetails(
  app: App,
  actor: Actor,
  ref: PackageRef,
): Promise<PackageDetails> {
  const { id } = await getReadablePackage(app, actor, ref)
  const row = await selectDetails(app.database.db)
    .where('packages.id', '=', id)
    .where(visiblePackages(actor))
    .executeTakeFirst()
  if (!row) throw packageUnknown(ref)
  return toDetails(row)
}

/** The packages that the actor may read, of every ecosystem, by ecosystem and path. */
export async function listPackageDetails(
  app: App,
  actor: Actor,
  filter: PackageDetailsFilter = {},
): Promise<Page<PackageDetails>> {
  const { db } = app.database
  let query = selectDetails(db).where(visiblePackages(actor))
  const after = cursorOf(filter)
  if (after) {
    const { ecosystem, path } = after
    query = query.where((eb) =>
      eb.or([
        eb('packages.ecosystem', '>', ecosystem),
        eb.and([eb('packages.ecosystem', '=', ecosystem), eb('packages.path', '>', path)]),
      ]),
    )
  }
  if (filter.ecosystem !== undefined) {
    query = query.where('packages.ecosystem', '=', knownEcosystem(app, filter.ecosystem))
  }
  if (filter.namespace !== undefined) {
    const { id } = await getNamespace(db, filter.namespace)
    query = query.where('packages.namespaceId', '=', id)
  }
  const rows = await query
    .orderBy('packages.ecosystem')
    .orderBy('packages.path')
    .limit(pageLimit(filter) + 1)
    .execute()
  return toPage(rows, filter, {
    item: toDetails,
    cursor: ({ ecosystem, path }) => `${ecosystem}/${path}`,
  })
}

function selectDetails(db: Db) {
  return db
    .selectFrom('packages')
    .innerJoin('namespaces', 'namespaces.id', 'packages.namespaceId')
    .innerJoin('projects', 'projects.id', 'packages.projectId')
    .select([
      'packages.ecosystem',
      'packages.path',
      'namespaces.name as namespace',
      'projects.name as project',
      'packages.name',
      'packages.visibility',
      'packages.immutableTags',
      'packages.deprecation',
      'packages.createdAt',
      'packages.updatedAt',
    ])
    .where('namespaces.status', '=', 'active')
}

type DetailsRow = Omit<PackageDetails, 'immutableTags'> & { readonly immutableTags: 0 | 1 }

function toDetails(row: DetailsRow): PackageDetails {
  return { ...row, immutableTags: row.immutableTags === 1 }
}

/** An ecosystem's id has no slash, so the first one separates it from the path. */
function cursorOf(request: PageRequest): { ecosystem: string; path: string } | undefined {
  const after = afterKey(request)
  if (after === undefined) return undefined
  const slash = after.indexOf('/')
  if (slash !== -1) return { ecosystem: after.slice(0, slash), path: after.slice(slash + 1) }
  throw new RegistryError('invalid_request', 'after must be the next of an earlier page')
}

function knownEcosystem(app: App, id: string): string {
  if (app.ecosystems.some((one) => one.id === id)) return id
  throw new RegistryError('not_found', `no ecosystem ${id.slice(0, 64)} here`)
}
