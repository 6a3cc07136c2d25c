import type { Actor } from '#core/access/actor.ts'
import { seesAll } from '#core/access/sees-all.ts'
import { visiblePackages } from '#core/access/visible.ts'
import type { App } from '#core/app.ts'
import type { Namespace } from './find-namespace.ts'

/** What a namespace holds, as far as the one who asks may know. */
export interface NamespaceUsage {
  readonly projects: number
  readonly packages: number
  /** Every distinct blob once. */
  readonly bytes: number
}

const NOTHING: NamespaceUsage = { projects: 0, packages: 0, bytes: 0 }

/** Measures namespaces: all of it for their members, what is public for others. */
export async function measureNamespaces(
  app: App,
  actor: Actor,
  namespaces: readonly Namespace[],
): Promise<Map<number, NamespaceUsage>> {
  if (namespaces.length === 0) return new Map()
  const ids = namespaces.map(({ id }) => id)
  const [visible, totals, projects] = await Promise.all([
    countVisible(app, actor, ids),
    countPackages(app, ids),
    countProjects(app, ids),
  ])
  const isPartial = ({ id }: Namespace) =>
    !seesAll(actor, id) && (visible.get(id)?.packages ?? 0) < (totals.get(id) ?? 0)
  const bytes = await sumVisible(
    app,
    actor,
    namespaces.filter(isPartial).map(({ id }) => id),
  )
  const usage = (namespace: Namespace): NamespaceUsage => {
    const { id, usedBytes } = namespace
    const seen = visible.get(id) ?? NOTHING
    return {
      packages: seen.packages,
      projects: seesAll(actor, id) ? (projects.get(id) ?? 0) : seen.projects,
      // The sum over everything is kept up to date anyway.
      bytes: isPartial(namespace) ? (bytes.get(id) ?? 0) : usedBytes,
    }
  }
  return new Map(namespaces.map((namespace) => [namespace.id, usage(namespace)]))
}

async function countVisible(app: App, actor: Actor, ids: readonly number[]) {
  const rows = await app.database.db
    .selectFrom('packages')
    .select((eb) => [
      'packages.namespaceId',
      eb.fn.countAll<number>().as('packages'),
      eb.fn.count<number>('packages.projectId').distinct().as('projects'),
    ])
    .where('packages.namespaceId', 'in', ids)
    .where(visiblePackages(actor))
    .groupBy('packages.namespaceId')
    .execute()
  return new Map(
    rows.map((row) => [
      row.namespaceId,
      { packages: Number(row.packages), projects: Number(row.projects) },
    ]),
  )
}

async function countPackages(app: App, ids: readonly number[]): Promise<Map<number, number>> {
  const rows = await app.database.db
    .selectFrom('packages')
    .select((eb) => ['namespaceId', eb.fn.countAll<number>().as('count')])
    .where('namespaceId', 'in', ids)
    .groupBy('namespaceId')
    .execute()
  return new Map(rows.map((row) => [row.namespaceId, Number(row.count)]))
}

async function countProjects(app: App, ids: readonly number[]): Promise<Map<number, number>> {
  const rows = await app.database.db
    .selectFrom('projects')
    .select((eb) => ['namespaceId', eb.fn.countAll<number>().as('count')])
    .where('namespaceId', 'in', ids)
    .groupBy('namespaceId')
    .execute()
  return new Map(rows.map((row) => [row.namespaceId, Number(row.count)]))
}

/** Costs a walk over what is visible, so only for namespaces that hide something. */
async function sumVisible(
  app: App,
  actor: Actor,
  ids: readonly number[],
): Promise<Map<number, number>> {
  if (ids.length === 0) return new Map()
  const rows = await app.database.db
    .selectFrom((eb) =>
      eb
        .selectFrom('packageBlobs')
        .innerJoin('packages', 'packages.id', 'packageBlobs.packageId')
        .innerJoin('blobs', 'blobs.digest', 'packageBlobs.digest')
        .select(['packageBlobs.namespaceId', 'packageBlobs.digest', 'blobs.size'])
        .distinct()
        .where('packageBlobs.namespaceId', 'in', ids)
        .where(visiblePackages(actor))
        .as('seen'),
    )
    .select((eb) => ['seen.namespaceId', eb.fn.sum<number>('seen.size').as('bytes')])
    .groupBy('seen.namespaceId')
    .execute()
  return new Map(rows.map((row) => [row.namespaceId, Number(row.bytes)]))
}
