import { sql } from 'kysely'
import type { Actor } from '#core/access/actor.ts'
import { visiblePackages } from '#core/access/visible.ts'
import type { App } from '#core/app.ts'
import type { LabelFilter, Labels } from '#core/namespaces/labels.ts'
import { hasPackageLabel, readPackageLabels } from './package-labels.ts'

/** What is told of a package beyond its name. */
export interface PackageDescription {
  readonly id: number
  readonly ecosystem: string
  readonly name: string
  readonly visibility: 'public' | 'private'
  readonly immutableTags: boolean
  readonly contentType: string
  readonly consumerLabels: Labels
  readonly providerLabels: Labels
  /** Bytes of its blobs, each counted once. */
  readonly size: number
}

/** Which packages of a project, and which page of them. */
export interface ProjectPackageFilter {
  readonly labels?: readonly LabelFilter[]
  readonly isImmutable?: boolean
  readonly limit: number
  /** What the previous page ended with. */
  readonly after?: { readonly name: string; readonly ecosystem: string } | undefined
}

/** The packages of a project that the actor may read, by name and then ecosystem. */
export async function listProjectPackages(
  app: App,
  actor: Actor,
  projectId: number,
  filter: ProjectPackageFilter,
): Promise<PackageDescription[]> {
  const { after, labels = [], isImmutable } = filter
  let query = selectDescriptions(app)
    .where('packages.projectId', '=', projectId)
    .where(visiblePackages(actor))
  for (const label of labels) query = query.where(hasPackageLabel(label))
  if (isImmutable) query = query.where('packages.immutableTags', '=', 1)
  if (after) {
    query = query.where((eb) =>
      eb.or([
        eb('packages.name', '>', after.name),
        eb('packages.name', '=', after.name).and('packages.ecosystem', '>', after.ecosystem),
      ]),
    )
  }
  const rows = await query
    .orderBy('packages.name')
    .orderBy('packages.ecosystem')
    .limit(filter.limit)
    .execute()
  return rows.map(toDescription)
}

/** One package; the caller has checked that it may be read. */
export async function describePackage(app: App, id: number): Promise<PackageDescription> {
  const row = await selectDescriptions(app).where('packages.id', '=', id).executeTakeFirstOrThrow()
  return toDescription(row)
}

function selectDescriptions(app: App) {
  return app.database.db.selectFrom('packages').select((eb) => [
    'packages.id',
    'packages.ecosystem',
    'packages.name',
    'packages.visibility',
    'packages.immutableTags',
    'packages.contentType',
    'packages.labels',
    eb
      .selectFrom('packageBlobs')
      .innerJoin('blobs', 'blobs.digest', 'packageBlobs.digest')
      .select(sql<number>`coalesce(sum(${sql.ref('blobs.size')}), 0)`.as('size'))
      .whereRef('packageBlobs.packageId', '=', 'packages.id')
      .as('size'),
  ])
}

type Row = Awaited<ReturnType<ReturnType<typeof selectDescriptions>['executeTakeFirstOrThrow']>>

function toDescription({ labels, immutableTags, ...row }: Row): PackageDescription {
  return {
    ...row,
    ...readPackageLabels(labels),
    immutableTags: immutableTags === 1,
    size: Number(row.size),
  }
}
