import { sql } from 'kysely'
import { documentOf, packageTerm } from '#core/search/document.ts'
import { isSame } from '#core/search/index-package.ts'
import { selectSearchables } from '#core/search/searchables.ts'
import { PAGE_ROWS, type VerifyRun } from './problem.ts'

/** Packages that are looked up in the index by one query. */
const LOOKUP = 50

/** Search knows of every package what its newest release says, and of no other. */
export async function* checkSearch(run: VerifyRun): AsyncGenerator<number> {
  let after = 0
  for (;;) {
    const rows = await run.app.database.db
      .selectFrom('packages')
      .select('id')
      .where('id', '>', after)
      .orderBy('id')
      .limit(PAGE_ROWS)
      .execute()
    const last = rows.at(-1)
    if (!last) return
    for (const { id } of await findWrong(run, after, last.id)) {
      // Asked again alone: the package may have changed between the queries of its page.
      for (const { kind } of await findWrong(run, id - 1, id)) {
        run.report({ kind, subject: `package ${id}`, detail: DETAILS[kind] })
      }
    }
    after = last.id
    yield rows.length
  }
}

const DETAILS = {
  search_document: 'search shows something else than its newest release: entrepot search rebuild',
  search_index: 'search does not find it: entrepot search rebuild',
} as const

interface Wrong {
  readonly id: number
  readonly kind: keyof typeof DETAILS
}

/** The packages after one up to another of which search knows something else than it should. */
async function findWrong(run: VerifyRun, after: number, last: number): Promise<Wrong[]> {
  const { db } = run.app.database
  const searchables = await selectSearchables(db)
    .where('packages.id', '>', after)
    .where('packages.id', '<=', last)
    .execute()
  const documents = await db
    .selectFrom('searchDocuments')
    .selectAll()
    .where('packageId', '>', after)
    .where('packageId', '<=', last)
    .execute()
  const wanted = new Map(searchables.map((one) => [one.id, documentOf(one).row]))
  const known = new Map(documents.map((one) => [one.packageId, one]))
  const indexed = await findIndexed(run, [...known.keys()])
  const wrong: Wrong[] = []
  for (const id of new Set([...wanted.keys(), ...known.keys()])) {
    const [is, should] = [known.get(id), wanted.get(id)]
    if (!is || !should || !isSame(is, should)) wrong.push({ id, kind: 'search_document' })
    else if (!indexed.has(id)) wrong.push({ id, kind: 'search_index' })
  }
  return wrong
}

async function findIndexed(run: VerifyRun, ids: readonly number[]): Promise<Set<number>> {
  const { db, dialect } = run.app.database
  const found = new Set<number>()
  for (let at = 0; at < ids.length; at += LOOKUP) {
    const any = ids.slice(at, at + LOOKUP).map((id) => ({ term: packageTerm(id) }))
    const matching = dialect.search.idsMatching({ any }, any.length)
    const rows = await db
      .selectFrom('searchDocuments')
      .select('packageId')
      .where('packageId', 'in', sql<number>`(${matching})`)
      .execute()
    for (const { packageId } of rows) found.add(packageId)
  }
  return found
}
