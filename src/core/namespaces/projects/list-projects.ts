import type { Actor } from '#core/access/actor.ts'
import { seesAll } from '#core/access/sees-all.ts'
import { visiblePackages } from '#core/access/visible.ts'
import type { App } from '#core/app.ts'
import {
  checkLabelFilters,
  hasLabel,
  type LabelFilter,
  type Labels,
  readLabels,
} from '#core/namespaces/labels.ts'
import { afterKey, type Page, type PageRequest, pageLimit, toPage } from '#core/page.ts'

/** A project, as far as the one who asks may know. */
export interface Project {
  readonly id: number
  readonly namespaceId: number
  readonly name: string
  /** How many packages in it the actor may read. */
  readonly packages: number
  readonly consumerLabels: Labels
  readonly providerLabels: Labels
}

/** Which projects: all conditions together. */
export interface ProjectFilter extends PageRequest {
  readonly labels?: readonly LabelFilter[]
}

/** A namespace's projects by name: all for its members, those with something to see for others. */
export async function listProjects(
  app: App,
  actor: Actor,
  namespaceId: number,
  filter: ProjectFilter = {},
): Promise<Page<Project>> {
  const { labels = [] } = filter
  checkLabelFilters(labels)
  const after = afterKey(filter)
  let query = selectProjects(app, actor, namespaceId)
  if (after !== undefined) query = query.where('projects.name', '>', after)
  for (const label of labels) query = query.where((eb) => hasLabel(eb, 'projects', label))
  const rows = await query
    .orderBy('projects.name')
    .limit(pageLimit(filter) + 1)
    .execute()
  return toPage(rows, filter, { item: toProject, cursor: (row) => row.name })
}

/** The project of that name, if the actor may know of it. */
export async function findProject(
  app: App,
  actor: Actor,
  { namespaceId, name }: { namespaceId: number; name: string },
): Promise<Project | undefined> {
  const row = await selectProjects(app, actor, namespaceId)
    .where('projects.name', '=', name)
    .executeTakeFirst()
  return row && toProject(row)
}

function selectProjects(app: App, actor: Actor, namespaceId: number) {
  const query = app.database.db
    .selectFrom('projects')
    .selectAll('projects')
    .select((eb) =>
      eb
        .selectFrom('packages')
        .select((count) => count.fn.countAll<number>().as('packages'))
        .whereRef('packages.projectId', '=', 'projects.id')
        .where(visiblePackages(actor))
        .as('packages'),
    )
    .where('projects.namespaceId', '=', namespaceId)
  if (seesAll(actor, namespaceId)) return query
  return query.where((eb) =>
    eb.exists(
      eb
        .selectFrom('packages')
        .select('packages.id')
        .whereRef('packages.projectId', '=', 'projects.id')
        .where(visiblePackages(actor)),
    ),
  )
}

type ProjectRow = Awaited<ReturnType<ReturnType<typeof selectProjects>['executeTakeFirstOrThrow']>>

function toProject(row: ProjectRow): Project {
  return {
    id: row.id,
    namespaceId: row.namespaceId,
    name: row.name,
    packages: Number(row.packages),
    consumerLabels: readLabels(row.consumerLabels),
    providerLabels: readLabels(row.providerLabels),
  }
}
