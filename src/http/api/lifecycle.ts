import { createRoute, z } from '@hono/zod-openapi'
import { getReadablePackage } from '#core/packages/package.ts'
import { getPackageDetails } from '#core/packages/package-details.ts'
import { deprecateRelease } from '#core/releases/deprecate-release.ts'
import { getReleaseLine } from '#core/releases/list-releases.ts'
import { removeRelease } from '#core/releases/remove-release.ts'
import { yankRelease } from '#core/releases/yank-release.ts'
import type { Api, ApiContext } from './env.ts'
import { packageRef } from './package-address.ts'
import { PackageSchema, packageParams, packageView } from './packages.ts'
import { ReleaseSchema, releaseView } from './releases.ts'
import { body, json, problems } from './responses.ts'
import { defined } from './schemas.ts'

const releaseParams = packageParams.extend({
  version: z.string().openapi({ example: '1.0.0' }),
})
const Yank = z.strictObject({ reason: z.string().optional() }).openapi('Yank')
const Deprecate = z
  .strictObject({
    message: z.string().nullable().openapi({
      description: 'What to use instead, in at most 500 characters; null takes it back',
    }),
  })
  .openapi('Deprecate')
const Remove = z
  .strictObject({
    reason: z.string(),
    advisory: z.boolean().optional().openapi({
      description: 'Whether an advisory tells everybody, giving the reason; false when missing',
    }),
  })
  .openapi('Remove')
const Removed = z
  .object({
    ...ReleaseSchema.shape,
    advisory: z.string().optional().openapi({ description: 'The id of the advisory about it' }),
  })
  .openapi('RemovedRelease')

type Params = z.infer<typeof releaseParams>

const tags = ['Packages']
const failures = problems(
  'unauthenticated',
  'forbidden',
  'scope_missing',
  'name_invalid',
  'not_found',
  'package_unknown',
  'release_unknown',
  'conflict',
  'gone',
)
const RELEASE = '/api/v1/packages/{ecosystem}/{path}/releases/{version}'
const responses = { 200: json(ReleaseSchema, 'The release as it is now'), default: failures }

const yank = createRoute({
  method: 'post',
  path: `${RELEASE}/yank`,
  operationId: 'yankRelease',
  tags,
  summary: 'Keep a release from new use, as a publisher',
  description: 'Who has it in a lock file can still get it.',
  request: { params: releaseParams, body: body(Yank) },
  responses,
})

const unyank = createRoute({
  method: 'post',
  path: `${RELEASE}/unyank`,
  operationId: 'unyankRelease',
  tags,
  summary: 'Take a yank back, as a publisher',
  request: { params: releaseParams },
  responses,
})

const deprecate = createRoute({
  method: 'post',
  path: `${RELEASE}/deprecate`,
  operationId: 'deprecateRelease',
  tags,
  summary: 'Tell everybody who uses a release what to use instead, as a publisher',
  request: { params: releaseParams, body: body(Deprecate) },
  responses,
})

const remove = createRoute({
  method: 'post',
  path: `${RELEASE}/remove`,
  operationId: 'removeRelease',
  tags,
  summary: 'Take a release’s content away for good, as an operator',
  description: 'From then on it is 410, and its version is never published again.',
  request: { params: releaseParams, body: body(Remove) },
  responses: { 200: json(Removed, 'What stays of the release'), default: failures },
})

const deprecatePackage = createRoute({
  method: 'post',
  path: '/api/v1/packages/{ecosystem}/{path}/deprecate',
  operationId: 'deprecatePackage',
  tags,
  summary: 'Tell everybody who uses a package what to use instead, as a publisher',
  request: { params: packageParams, body: body(Deprecate) },
  responses: { 200: json(PackageSchema, 'The package as it is now'), default: failures },
})

/** `/packages/{ecosystem}/{path}/releases/{version}/…` and `…/deprecate`. */
export function mountLifecycle(api: Api): void {
  api.openapi(yank, async (c) => {
    const { ref, version } = named(c, c.req.valid('param'))
    const change = { version, isYanked: true, ...defined(c.req.valid('json')) }
    await yankRelease(c.var.app, c.var.actor, ref, change)
    return c.json(await answer(c, c.req.valid('param')), 200)
  })
  api.openapi(unyank, async (c) => {
    const { ref, version } = named(c, c.req.valid('param'))
    await yankRelease(c.var.app, c.var.actor, ref, { version, isYanked: false })
    return c.json(await answer(c, c.req.valid('param')), 200)
  })
  api.openapi(deprecate, async (c) => {
    const { ref, version } = named(c, c.req.valid('param'))
    const { message } = c.req.valid('json')
    await deprecateRelease(c.var.app, c.var.actor, ref, { version, message })
    return c.json(await answer(c, c.req.valid('param')), 200)
  })
  api.openapi(remove, async (c) => {
    const { ref, version } = named(c, c.req.valid('param'))
    const { reason, advisory: isAdvised = false } = c.req.valid('json')
    const removal = { version, reason, isAdvised }
    const { advisory } = await removeRelease(c.var.app, c.var.actor, ref, removal)
    const left = await answer(c, c.req.valid('param'))
    return c.json({ ...left, ...(advisory !== undefined && { advisory }) }, 200)
  })
  api.openapi(deprecatePackage, async (c) => {
    const { app, actor, ecosystems } = c.var
    const { ecosystem, path } = c.req.valid('param')
    const ref = packageRef(ecosystems, ecosystem, path)
    await deprecateRelease(app, actor, ref, { message: c.req.valid('json').message })
    return c.json(packageView(await getPackageDetails(app, actor, ref)), 200)
  })
}

function named(c: ApiContext, { ecosystem, path, version }: Params) {
  return { ref: packageRef(c.var.ecosystems, ecosystem, path), version }
}

async function answer(c: ApiContext, params: Params) {
  const { app, actor } = c.var
  const { ref, version } = named(c, params)
  const from = await getReadablePackage(app, actor, ref)
  return releaseView(await getReleaseLine(app, from, version))
}
