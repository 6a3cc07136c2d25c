import type { Context } from 'hono'
import { packageTopic } from '#core/cache/topics.ts'
import { listPackages } from '#core/packages/list-packages.ts'
import { getReadablePackage } from '#core/packages/package.ts'
import { listTags } from '#core/releases/list-tags.ts'
import type { Env } from '#ecosystems/contract.ts'
import { sendHot } from '#ecosystems/hot-answer.ts'
import { COMMON_HEADERS, nextLink, type OciRequest, pageOf } from './request.ts'

const MAX_TAGS = 10_000
const MAX_REPOSITORIES = 1_000
const JSON_HEADERS = { ...COMMON_HEADERS, 'content-type': 'application/json' } as const

/** end-8a and 8b: the tags of a repository in byte order. */
export async function readTags(request: OciRequest): Promise<Response> {
  const { c, query } = request
  const { app, actor } = c.var
  const { limit, after } = pageOf(query, MAX_TAGS)
  const from = await getReadablePackage(app, actor, request.package)
  const found = limit === 0 ? [] : await listTags(app, from, { limit: limit + 1, after })
  const tags = found.slice(0, limit).map((tag) => tag.name)
  const last = tags.at(-1)
  const isMore = found.length > limit && last !== undefined
  return sendHot(c, {
    topics: [packageTopic(from.id)],
    headers: {
      ...JSON_HEADERS,
      'cache-control': 'no-cache',
      ...(isMore && { link: nextLink(c, { n: String(limit), last }) }),
    },
    body: new TextEncoder().encode(JSON.stringify({ name: request.name, tags })),
    isPublic: from.visibility === 'public',
    grant: { name: request.name, action: 'pull' },
  })
}

/** Docker's catalog: every repository with content that the caller may read. */
export async function readCatalog(c: Context<Env>): Promise<Response> {
  const { app, actor } = c.var
  const { limit, after } = pageOf(new URL(c.req.url).searchParams, MAX_REPOSITORIES)
  const filter = { ecosystem: 'oci', hasReleases: true, limit: limit + 1, after }
  const found = limit === 0 ? [] : await listPackages(app, actor, filter)
  const repositories = found.slice(0, limit).map((one) => one.path)
  const last = repositories.at(-1)
  const headers: Record<string, string> = { ...JSON_HEADERS }
  if (found.length > limit && last !== undefined) {
    headers.link = nextLink(c, { n: String(limit), last })
  }
  return new Response(JSON.stringify({ repositories }), { headers })
}
