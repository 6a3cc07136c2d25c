import { z } from '@hono/zod-openapi'
import { MAX_PAGE_LIMIT, type Page, pageLimit } from '#core/page.ts'
import type { ApiContext } from './env.ts'

/** The two query parameters of every list. */
export const PageQuery = z.object({
  limit: z
    .string()
    .regex(/^[1-9][0-9]{0,8}$/, 'must be a whole number from 1')
    .transform(Number)
    .optional()
    .openapi({
      type: 'integer',
      minimum: 1,
      default: pageLimit({}),
      description: `At most so many items; more than ${MAX_PAGE_LIMIT} is cut to that`,
    }),
  after: z.string().optional().openapi({ description: 'The `next` of the page before' }),
})

/** The schema of one page of a list. */
export function pageOf<S extends z.ZodType>(item: S, name: string) {
  const next = z
    .string()
    .optional()
    .openapi({ description: 'Send it as `after` for the next page; missing on the last one' })
  return z.object({ items: z.array(item), next }).openapi(name)
}

/** A page as it is sent; the Link header names the next one (RFC 8288). */
export function page<T, V>(c: ApiContext, found: Page<T>, view: (item: T) => V) {
  const { next } = found
  if (next !== undefined) {
    const url = new URL(c.req.url)
    url.searchParams.set('after', next)
    c.header('link', `<${url.pathname}${url.search}>; rel="next"`)
  }
  return { items: found.items.map(view), ...(next !== undefined && { next }) }
}
