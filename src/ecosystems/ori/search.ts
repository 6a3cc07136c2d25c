import type { Context } from 'hono'
import { RegistryError } from '#core/errors.ts'
import { MAX_PAGE_LIMIT } from '#core/page.ts'
import { findPinned, pinKey } from '#core/releases/find-pinned.ts'
import { type FoundPackage, searchPackages } from '#core/search/search-packages.ts'
import type { Env } from '#ecosystems/contract.ts'
import { sendJson } from './answers.ts'
import { countOf } from './request.ts'

const DEFAULT_PER_PAGE = 20
const MAX_PER_PAGE = 100

/** GET /v1/search: by words, and by scope, keyword and category. */
export async function search(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const query = new URL(c.req.url).searchParams
  const q = query.get('q')
  if (q === null) throw new RegistryError('invalid_request', 'q is needed: what to look for')
  const perPage = Math.min(countOf(query, 'per_page', DEFAULT_PER_PAGE), MAX_PER_PAGE)
  const page = countOf(query, 'page', 1)
  const [scope, keyword, category] = ['scope', 'keyword', 'category'].map((key) => query.get(key))
  // Search pages by what came before; pages by number are cut out of it.
  const from = (page - 1) * perPage
  const found = await searchPackages(app, actor, {
    q,
    ecosystem: 'ori',
    ...(scope && { namespace: scope.replace(/^@/, '') }),
    ...(keyword && { keyword }),
    limit: category ? MAX_PAGE_LIMIT : Math.min(from + perPage, MAX_PAGE_LIMIT),
  })
  const items = category ? await ofCategory(c, found.items, category) : found.items
  const results = items.slice(from, from + perPage).map((one) => ({
    name: one.path,
    version: one.version,
    description: one.description,
    keywords: one.keywords,
    deprecated: one.deprecation,
  }))
  const total = category ? items.length : found.total
  return sendJson({ query: q, total, page, per_page: perPage, results })
}

/** Categories are Ori's own: core's search does not know them. */
async function ofCategory(
  c: Context<Env>,
  items: readonly FoundPackage[],
  category: string,
): Promise<FoundPackage[]> {
  const releases = await findPinned(c.var.app, c.var.actor, 'ori', items)
  return items.filter((one) => {
    const { categories } = releases.get(pinKey(one))?.metadata ?? {}
    return Array.isArray(categories) && categories.includes(category)
  })
}
