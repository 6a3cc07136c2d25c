import { type RawBuilder, sql } from 'kysely'
import type { Actor } from '#core/access/actor.ts'
import { visiblePackages } from '#core/access/visible.ts'
import { type App, now } from '#core/app.ts'
import type { Visibility } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { afterKey, type Page, type PageRequest, pageLimit, toPage } from '#core/page.ts'
import { scoreOf } from './score.ts'
import type { TermQuery } from './search-index.ts'
import { parseSearch, type SearchQuery } from './search-query.ts'
import { isWithin, type SearchFilters, type SearchScope, scopeOf } from './search-scope.ts'
import { anywhere, inNames, loosely, scopeTerms } from './search-terms.ts'
import { visibleTerms } from './visible-terms.ts'

/** What is looked for, where, and which page of it. */
export interface PackageSearch extends PageRequest, SearchFilters {
  /** What somebody typed; it has no syntax. Empty finds whatever the filters leave. */
  readonly q: string
}

/** A package that was found. */
export interface FoundPackage {
  readonly ecosystem: string
  /** The whole name as its users write it. */
  readonly path: string
  readonly namespace: string
  readonly name: string
  /** Of the newest release. */
  readonly version: string
  readonly description: string
  readonly keywords: readonly string[]
  /** An SPDX expression, or empty. */
  readonly license: string
  readonly visibility: Visibility
  /** Why nobody should use it any more, or null. */
  readonly deprecation: string | null
  /** Milliseconds since 1970. */
  readonly updatedAt: number
}

/** A page of what was found, best first. */
export interface SearchPage extends Page<FoundPackage> {
  /** How many were found; a thousand at most, whatever there is. */
  readonly total: number
}

// A thousand candidates, whatever there is: this bounds what a search costs.
const MAX_BY_NAME = 200
const MAX_IN_NAMES = 500
const MAX_ANYWHERE = 500
/** With fewer hits than this, typing errors are thought of. */
const FEW = 10

/**
 * The packages that the actor may read, in every ecosystem, by how well they answer. Words match
 * whole words and their beginnings; when hardly anything does, also the inside of names and words
 * that are a slip away. Packages without a release that is not yanked are left out.
 */
export async function searchPackages(
  app: App,
  actor: Actor,
  search: PackageSearch,
): Promise<SearchPage> {
  const query = parseSearch(search.q)
  const after = parseCursor(search.after)
  if (query.words.length === 0 && !query.isEmpty) return { items: [], total: 0 }
  const run = { app, actor, query, scope: await scopeOf(app, search) }
  let ranked = await findStrictly(run)
  // Later pages go on as the first one began, whatever was published meanwhile.
  const isLoose = after ? after.isLoose : ranked.length < FEW && query.words.length > 0
  if (isLoose) {
    ranked = merge(ranked, (await match(run, loosely(query), MAX_ANYWHERE)).visible)
  }
  ranked.sort(compareRank)
  const rest = after ? ranked.filter((one) => compareRank(one, after) > 0) : ranked
  const details = await readDetails(app, rest.slice(0, pageLimit(search)))
  const page = toPage(rest.slice(0, pageLimit(search) + 1), search, {
    item: ({ id }) => details.get(id),
    cursor: ({ score, id }) => `${isLoose ? 'l' : 's'}${score}-${id}`,
  })
  // What went between the two queries is gone.
  const items = page.items.filter((item) => item !== undefined)
  return { ...page, items, total: ranked.length }
}

interface Run {
  readonly app: App
  readonly actor: Actor
  readonly query: SearchQuery
  readonly scope: SearchScope
}

interface Ranked {
  readonly id: number
  readonly score: number
}

/**
 * Words as they are, or beginnings of words. In names first: where more are found than can be looked
 * at, nothing else would come before them, and reading all that has a common word anywhere is what
 * a search costs most.
 */
async function findStrictly(run: Run): Promise<Ranked[]> {
  const { query } = run
  if (query.words.length === 0) return (await match(run, anywhere(query), MAX_ANYWHERE)).visible
  const [named, exact] = await Promise.all([
    match(run, inNames(query), MAX_IN_NAMES),
    rank(run, idsByName(query.key)),
  ])
  const known = merge(exact.visible, named.visible)
  if (named.candidates >= MAX_IN_NAMES) return known
  return merge(known, (await match(run, anywhere(query), MAX_ANYWHERE)).visible)
}

/**
 * What has the terms, within the filters. The index is told who may see what only when more than
 * half of what it found is hidden: asking it for what nearly all have costs several times the search.
 */
async function match(run: Run, terms: readonly TermQuery[], limit: number): Promise<RankedSource> {
  const { search } = run.app.database.dialect
  const all = [...terms, ...scopeTerms(run.scope, now(run.app))]
  const found = await rank(run, search.idsMatching({ all }, limit))
  const own = visibleTerms(run.actor)
  const isMostlySeen = found.seen * 2 >= found.candidates
  if (own === undefined || found.candidates < limit || isMostlySeen) return found
  return await rank(run, search.idsMatching({ all: [...all, own] }, limit))
}

function merge(some: readonly Ranked[], more: readonly Ranked[]): Ranked[] {
  return [...new Map([...some, ...more].map((one) => [one.id, one])).values()]
}

/** Best first; among equals the one that was there first: that never changes. */
function compareRank(a: Ranked, b: Ranked): number {
  return b.score - a.score || a.id - b.id
}

interface RankedSource {
  /** How many the source named, also those that the actor may not read. */
  readonly candidates: number
  /** How many of them the actor may read, whether they answer the query or not. */
  readonly seen: number
  readonly visible: Ranked[]
}

async function rank(
  { app, actor, scope, query }: Run,
  ids: RawBuilder<number>,
): Promise<RankedSource> {
  const candidates = await app.database.db
    .selectFrom('searchDocuments')
    .innerJoin('packages', 'packages.id', 'searchDocuments.packageId')
    .innerJoin('namespaces', 'namespaces.id', 'packages.namespaceId')
    .select(['packages.id', 'packages.ecosystem', 'packages.namespaceId', 'packages.updatedAt'])
    .select(['packages.deprecation', 'searchDocuments.nameKey', 'searchDocuments.words'])
    .select(['searchDocuments.keywords', 'searchDocuments.license', 'namespaces.status'])
    .select((eb) => eb.case().when(visiblePackages(actor)).then(1).else(0).end().as('isVisible'))
    .where('searchDocuments.packageId', 'in', sql<number>`(${ids})`)
    .execute()
  const seen = candidates.filter(({ isVisible, status }) => isVisible === 1 && status === 'active')
  const visible = seen
    .filter((one) => isWithin(scope, one))
    .map((one) => ({ id: one.id, score: scoreOf(query, one) }))
    .filter(({ score }) => score > 0)
  return { candidates: candidates.length, seen: seen.length, visible }
}

/**
 * All packages of an ecosystem that the actor may read and that have a release which is not yanked,
 * in byte order of their paths: unlike a search, however many there are.
 */
export async function listFoundPackages(
  app: App,
  actor: Actor,
  filter: PageRequest & { readonly ecosystem: string },
): Promise<Page<FoundPackage>> {
  let query = selectFound(app)
    .where('packages.ecosystem', '=', filter.ecosystem)
    .where('namespaces.status', '=', 'active')
    .where(visiblePackages(actor))
  const after = afterKey(filter)
  if (after !== undefined) query = query.where('packages.path', '>', after)
  const rows = await query
    .orderBy('packages.path')
    .limit(pageLimit(filter) + 1)
    .execute()
  return toPage(rows, filter, {
    item: ({ id: _, keywords, ...rest }) => ({ ...rest, keywords: JSON.parse(keywords) }),
    cursor: ({ path }) => path,
  })
}

function selectFound(app: App) {
  return app.database.db
    .selectFrom('searchDocuments')
    .innerJoin('packages', 'packages.id', 'searchDocuments.packageId')
    .innerJoin('namespaces', 'namespaces.id', 'packages.namespaceId')
    .innerJoin('releases', 'releases.id', 'searchDocuments.releaseId')
    .select(['packages.id', 'packages.ecosystem', 'packages.path', 'namespaces.name as namespace'])
    .select(['packages.name', 'releases.version', 'searchDocuments.description'])
    .select(['searchDocuments.keywords', 'searchDocuments.license', 'packages.visibility'])
    .select(['packages.deprecation', 'packages.updatedAt'])
}

/** What a page shows of each. */
async function readDetails(
  app: App,
  ranked: readonly Ranked[],
): Promise<ReadonlyMap<number, FoundPackage>> {
  if (ranked.length === 0) return new Map()
  const ids = ranked.map(({ id }) => id)
  const rows = await selectFound(app).where('packages.id', 'in', ids).execute()
  return new Map(
    rows.map(({ id, keywords, ...rest }) => [id, { ...rest, keywords: JSON.parse(keywords) }]),
  )
}

/** The names that begin with all that was typed, shortest first among those of one beginning. */
function idsByName(key: string): RawBuilder<number> {
  // No text is greater than the last character there can be.
  const end = `${key}\u{10ffff}`
  return sql<number>`select package_id from search_documents
    where name_key >= ${key} and name_key < ${end} order by name_key, package_id limit ${MAX_BY_NAME}`
}

interface Cursor {
  readonly isLoose: boolean
  readonly score: number
  readonly id: number
}

function parseCursor(raw: string | undefined): Cursor | undefined {
  if (raw === undefined) return undefined
  const [, mode, score, id] = /^([ls])(\d{1,6})-(\d{1,15})$/.exec(raw) ?? []
  if (mode !== undefined) return { isLoose: mode === 'l', score: Number(score), id: Number(id) }
  throw new RegistryError('invalid_request', 'after must be the next of an earlier page')
}
