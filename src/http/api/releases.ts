import { createRoute, z } from '@hono/zod-openapi'
import { getReadablePackage } from '#core/packages/package.ts'
import { afterKey, pageLimit, toPage } from '#core/page.ts'
import { listReleases, type ReleaseLine } from '#core/releases/list-releases.ts'
import { type Tag as CoreTag, listTags } from '#core/releases/list-tags.ts'
import type { Api } from './env.ts'
import { packageRef } from './package-address.ts'
import { packageParams } from './packages.ts'
import { PageQuery, page, pageOf } from './paging.ts'
import { json, problems } from './responses.ts'
import { defined, Time, time } from './schemas.ts'

const digest = z.string().openapi({ example: `sha256:${'0'.repeat(64)}` })

export const ReleaseSchema = z
  .object({
    version: z.string().openapi({ description: 'For a container image, its digest' }),
    digest,
    mediaType: z.string(),
    size: z.int(),
    kind: z.string().openapi({ description: 'What it is, as its ecosystem says; may be empty' }),
    subject: digest.optional().openapi({ description: 'The release that this one is about' }),
    createdAt: Time,
    yankedAt: Time.optional(),
    yankReason: z.string().optional(),
    deprecation: z
      .string()
      .optional()
      .openapi({ description: 'Why nobody should use it any more' }),
    removedAt: Time.optional().openapi({ description: 'Its content is gone for good' }),
    downloads: z.int().openapi({ description: 'Of its archive, ever; images are not counted' }),
  })
  .openapi('Release')

const Tag = z
  .object({
    name: z.string().openapi({ example: 'latest' }),
    digest,
    mediaType: z.string(),
    size: z.int(),
    updatedAt: Time,
  })
  .openapi('Tag')

const tags = ['Packages']
const request = { params: packageParams, query: PageQuery }
const failures = problems('name_invalid', 'not_found', 'package_unknown')

const listOfReleases = createRoute({
  method: 'get',
  path: '/api/v1/packages/{ecosystem}/{path}/releases',
  operationId: 'listReleases',
  tags,
  summary: 'What was published as a package',
  request,
  responses: {
    200: json(pageOf(ReleaseSchema, 'ReleasePage'), 'Releases, newest first'),
    default: failures,
  },
})

const listOfTags = createRoute({
  method: 'get',
  path: '/api/v1/packages/{ecosystem}/{path}/tags',
  operationId: 'listTags',
  tags,
  summary: 'The names that point at releases of a package',
  request,
  responses: { 200: json(pageOf(Tag, 'TagPage'), 'Tags by name'), default: failures },
})

/** `/packages/{ecosystem}/{path}/releases` and `…/tags`. */
export function mountReleases(api: Api): void {
  api.openapi(listOfReleases, async (c) => {
    const { app, actor, ecosystems } = c.var
    const { ecosystem, path } = c.req.valid('param')
    const from = await getReadablePackage(app, actor, packageRef(ecosystems, ecosystem, path))
    const found = await listReleases(app, from, defined(c.req.valid('query')))
    return c.json(page(c, found, releaseView), 200)
  })
  api.openapi(listOfTags, async (c) => {
    const { app, actor, ecosystems } = c.var
    const { ecosystem, path } = c.req.valid('param')
    const from = await getReadablePackage(app, actor, packageRef(ecosystems, ecosystem, path))
    const asked = defined(c.req.valid('query'))
    const rows = await listTags(app, from, { limit: pageLimit(asked) + 1, after: afterKey(asked) })
    const found = toPage(rows, asked, { item: tagView, cursor: ({ name }) => name })
    return c.json(
      page(c, found, (tag) => tag),
      200,
    )
  })
}

/** A release as answers show it. */
export function releaseView(line: ReleaseLine) {
  const { createdAt, yankedAt, yankReason, deprecation, removedAt, subject, ...rest } = line
  return {
    ...rest,
    ...(subject !== null && { subject }),
    createdAt: time(createdAt),
    ...(yankedAt !== null && { yankedAt: time(yankedAt) }),
    ...(yankReason !== null && { yankReason }),
    ...(deprecation !== null && { deprecation }),
    ...(removedAt !== null && { removedAt: time(removedAt) }),
  }
}

function tagView({ updatedAt, ...rest }: CoreTag) {
  return { ...rest, updatedAt: time(updatedAt) }
}
