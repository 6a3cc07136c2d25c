import { sql } from 'kysely'
import type { SearchIndex, TermQuery } from '#core/search/search-index.ts'

/** A tsvector per document under GIN; core has made the lexemes already. Needs no extension. */
export const postgresSearch: SearchIndex = {
  async create(tx) {
    await sql`create table search_index (
      package_id bigint primary key references search_documents on delete cascade,
      terms tsvector not null
    )`.execute(tx)
    // Without fastupdate: every search would read the list of what is not sorted in yet.
    await sql`create index search_index_terms on search_index using gin (terms) with (fastupdate = off)`.execute(
      tx,
    )
    // The planner cannot tell how many documents have a rare prefix, and with a limit it would
    // rather read them all (200 ms) than ask the index (1 ms). A function may have its own settings.
    await sql`create function search_index_ids(query tsquery, most integer) returns setof bigint
      language sql stable rows 500 set enable_seqscan = off
      as 'select package_id from search_index where terms @@ query limit most'`.execute(tx)
  },
  async write(tx, documents) {
    if (documents.length === 0) return
    const rows = documents.map(
      ({ packageId, terms }) => sql`(${packageId}, array_to_tsvector(${terms}::text[]))`,
    )
    await sql`insert into search_index (package_id, terms) values ${sql.join(rows)}
      on conflict (package_id) do update set terms = excluded.terms`.execute(tx)
  },
  idsMatching: (query, limit) =>
    sql<number>`select ids as package_id from search_index_ids(${render(query)}::tsquery, ${limit}::integer) as ids`,
}

/** Every term is a quoted lexeme: nothing in it is an operator. */
function render(query: TermQuery): string {
  if ('term' in query) return `'${query.term}'`
  if ('prefix' in query) return `'${query.prefix}':*`
  const [parts, operator] = 'all' in query ? [query.all, ' & '] : [query.any, ' | ']
  return `(${parts.map(render).join(operator)})`
}
