import { sql } from 'kysely'
import type { SearchIndex, TermQuery } from '#core/search/search-index.ts'

/** FTS5 as a bare inverted index: no content, no positions; core has split the terms already. */
export const sqliteSearch: SearchIndex = {
  async create(tx) {
    await sql`create virtual table search_index using fts5(
      terms, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
    )`.execute(tx)
    // A cascade from packages comes by here too: virtual tables have no foreign keys.
    await sql`create trigger search_documents_gone after delete on search_documents begin
      delete from search_index where rowid = old.package_id;
    end`.execute(tx)
  },
  async write(tx, documents) {
    for (const { packageId, terms } of documents) {
      const text = terms.join(' ')
      await sql`insert or replace into search_index (rowid, terms) values (${packageId}, ${text})`.execute(
        tx,
      )
    }
  },
  idsMatching: (query, limit) =>
    sql<number>`select rowid from search_index where search_index match ${render(query)} order by rowid limit ${limit}`,
}

/** Every term is a quoted string: nothing in it is an operator. */
function render(query: TermQuery): string {
  if ('term' in query) return `"${query.term}"`
  if ('prefix' in query) return `"${query.prefix}" *`
  const [parts, operator] = 'all' in query ? [query.all, ' AND '] : [query.any, ' OR ']
  return `(${parts.map(render).join(operator)})`
}
