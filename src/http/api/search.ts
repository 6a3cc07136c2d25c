import { createRoute, z } from '@hono/zod-openapi'
import { type FoundPackage, searchPackages } from '#core/search/search-packages.ts'
import type { Api } from './env.ts'
import { PageQuery, page, pageOf } from './paging.ts'
import { json, problems } from './responses.ts'
import { defined, Time, TimeInput, time } from './schemas.ts'

const Found = z
  .object({
    ecosystem: z.string().openapi({ example: 'oci' }),
    path: z.string().openapi({ example: 'acme/web', description: 'Its name as clients write it' }),
    namespace: z.string().openapi({ example: 'acme' }),
    name: z.string().openapi({ example: 'web' }),
    version: z.string().openapi({ description: 'Of the newest release' }),
    description: z.string(),
    keywords: z.array(z.string()),
    license: z.string().openapi({ example: 'MIT', description: 'An SPDX expression, or empty' }),
    visibility: z.enum(['public', 'private']).openapi('Visibility'),
    deprecation: z
      .string()
      .nullable()
      .openapi({ description: 'Why nobody should use it any more' }),
    updatedAt: Time,
  })
  .openapi('FoundPackage')

const SearchPage = z
  .object({
    ...pageOf(Found, 'FoundPackages').shape,
    total: z.int().openapi({ description: 'How many were found; a thousand at most' }),
  })
  .openapi('SearchPage')

const search = createRoute({
  method: 'get',
  path: '/api/v1/search',
  operationId: 'searchPackages',
  tags: ['Packages'],
  summary: 'Search the packages that you may read, in every ecosystem, best first',
  description:
    'Words match whole words and their beginnings, in names, keywords and descriptions; when hardly anything does, also the inside of names and misspelt words. The query has no syntax. Packages without a release that is not yanked are left out. The best thousand candidates are ranked: narrow a search that finds that many.',
  request: {
    query: PageQuery.extend({
      q: z.string().optional().openapi({ example: 'json parser' }),
      ecosystem: z.string().optional().openapi({ example: 'oci' }),
      namespace: z.string().optional().openapi({ example: 'acme' }),
      keyword: z.string().optional().openapi({ example: 'json' }),
      license: z
        .string()
        .optional()
        .openapi({ example: 'MIT', description: 'An SPDX id, or a whole expression' }),
      updatedSince: TimeInput.optional(),
    }),
  },
  responses: {
    200: json(SearchPage, 'Packages, best first'),
    default: problems('not_found', 'namespace_unknown'),
  },
})

/** `/search`. */
export function mountSearch(api: Api): void {
  api.openapi(search, async (c) => {
    const { q = '', ...rest } = c.req.valid('query')
    const found = await searchPackages(c.var.app, c.var.actor, { q, ...defined(rest) })
    return c.json({ ...page(c, found, view), total: found.total }, 200)
  })
}

function view({ updatedAt, keywords, ...rest }: FoundPackage) {
  return { ...rest, keywords: [...keywords], updatedAt: time(updatedAt) }
}
