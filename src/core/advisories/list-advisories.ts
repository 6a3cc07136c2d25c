import type { Actor } from '#core/access/actor.ts'
import { actsAsOperator } from '#core/access/acts-as-operator.ts'
import type { App } from '#core/app.ts'
import type { Row } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import type { PackageRef } from '#core/packages/package.ts'
import { afterId, type Page, type PageRequest, pageLimit, toPage } from '#core/page.ts'
import {
  type Advisory,
  type AdvisoryState,
  advisoryUnknown,
  mayHandleDraft,
  selectVisible,
  toAdvisory,
} from './advisory.ts'
import { affects } from './affects.ts'
import { pathOf } from './resolve-affected.ts'

/** Which advisories: all conditions together. Drafts only when asked for. */
export interface AdvisoryFilter extends PageRequest {
  readonly package?: PackageRef
  /** Only those that affect this version of the package. */
  readonly version?: string
  /** Modified then or later; milliseconds since 1970. */
  readonly since?: number
  readonly state?: AdvisoryState
}

/** What no query can tell is told from so many rows; no package has more advisories. */
const MAX_SIFTED = 1000

/** Advisories in the order they were added. */
export async function listAdvisories(
  app: App,
  actor: Actor,
  filter: AdvisoryFilter = {},
): Promise<Page<Advisory>> {
  const rows = await readRows(app, actor, filter)
  const kept = filter.state === 'draft' ? await keepDrafts(app, actor, rows) : rows
  const { package: of, version } = filter
  const found =
    of && version !== undefined ? kept.filter((row) => isHit(app, row, of, version)) : kept
  return toPage(found, filter, { item: toAdvisory, cursor: ({ id }) => id })
}

/** One, if the actor may see it; otherwise `advisory_unknown`. */
export async function getAdvisory(app: App, actor: Actor, id: string): Promise<Advisory> {
  const { db } = app.database
  if (!id.isWellFormed() || id.includes('\0')) throw advisoryUnknown(id)
  const row = await selectVisible(db, actor).where('name', '=', id).executeTakeFirst()
  if (!row) throw advisoryUnknown(id)
  if (row.state === 'draft' && !(await mayHandleDraft(db, actor, row.id))) throw advisoryUnknown(id)
  return toAdvisory(row)
}

function readRows(app: App, actor: Actor, filter: AdvisoryFilter): Promise<Row<'advisories'>[]> {
  const { package: of, version, since, state } = filter
  if (version !== undefined && !of) {
    throw new RegistryError('invalid_request', 'a version is of a package: say which')
  }
  let query = selectVisible(app.database.db, actor)
  query = state ? query.where('state', '=', state) : query.where('state', '!=', 'draft')
  const after = afterId(filter)
  if (after !== undefined) query = query.where('advisories.id', '>', after)
  if (since !== undefined) query = query.where('modifiedAt', '>=', since)
  if (of) {
    const name = pathOf(rulesOf(app, of), of)
    query = query.where('advisories.id', 'in', (eb) =>
      eb
        .selectFrom('advisoryPackages')
        .select('advisoryId')
        .where('ecosystem', '=', of.ecosystem)
        .where('name', '=', name),
    )
  }
  const isSifted = version !== undefined || (state === 'draft' && !actsAsOperator(actor))
  const limit = isSifted ? MAX_SIFTED : pageLimit(filter) + 1
  return query.orderBy('advisories.id').limit(limit).execute()
}

async function keepDrafts(app: App, actor: Actor, rows: readonly Row<'advisories'>[]) {
  if (actsAsOperator(actor)) return rows
  const kept: Row<'advisories'>[] = []
  for (const row of rows) {
    if (await mayHandleDraft(app.database.db, actor, row.id)) kept.push(row)
  }
  return kept
}

function isHit(app: App, row: Row<'advisories'>, of: PackageRef, version: string): boolean {
  const rules = rulesOf(app, of)
  const found = { ecosystem: of.ecosystem, name: pathOf(rules, of), version }
  return affects(toAdvisory(row).document, found, rules.compareVersions)
}

function rulesOf(app: App, { ecosystem }: PackageRef) {
  const rules = app.ecosystems.find(({ id }) => id === ecosystem)
  if (rules) return rules
  throw new RegistryError('not_found', `no ecosystem ${ecosystem} here`)
}
