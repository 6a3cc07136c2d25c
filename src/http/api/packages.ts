import { createRoute, z } from '@hono/zod-openapi'
import { deletePackage } from '#core/packages/delete-package.ts'
import {
  getPackageDetails,
  listPackageDetails,
  type PackageDetails,
} from '#core/packages/package-details.ts'
import { updatePackage } from '#core/packages/update-package.ts'
import type { Api } from './env.ts'
import { packageRef } from './package-address.ts'
import { PageQuery, page, pageOf } from './paging.ts'
import { body, json, problems } from './responses.ts'
import { defined, Time, time } from './schemas.ts'

const Visibility = z
  .enum(['public', 'private'])
  .openapi('Visibility', { description: 'Nobody but its readers finds what is private' })

export const PackageSchema = z
  .object({
    ecosystem: z.string().openapi({ example: 'oci' }),
    path: z.string().openapi({ example: 'acme/web', description: 'Its name as clients write it' }),
    namespace: z.string().openapi({ example: 'acme' }),
    project: z.string().openapi({ example: 'oci' }),
    name: z.string().openapi({ example: 'web' }),
    visibility: Visibility,
    immutableTags: z.boolean().openapi({ description: 'Whether tags stay where they are' }),
    deprecation: z
      .string()
      .optional()
      .openapi({ description: 'Why nobody should use it any more' }),
    createdAt: Time,
    updatedAt: Time,
  })
  .openapi('Package')

const PackageChange = z
  .strictObject({ visibility: Visibility.optional(), immutableTags: z.boolean().optional() })
  .openapi('PackageChange')

/** How a package is addressed, as path parameters. */
export const packageParams = z.object({
  ecosystem: z.string().openapi({ example: 'oci' }),
  path: z.string().openapi({
    example: 'acme/web',
    description:
      'The name as clients write it; its slashes as they are, or encoded as %2F (needed when it ends like a path below it: /tags, /releases, /owners)',
  }),
})

const tags = ['Packages']
const adminProblems = problems(
  'unauthenticated',
  'forbidden',
  'scope_missing',
  'name_invalid',
  'not_found',
  'package_unknown',
)

const list = createRoute({
  method: 'get',
  path: '/api/v1/packages',
  operationId: 'listPackages',
  tags,
  summary: 'The packages that you may read',
  request: {
    query: PageQuery.extend({
      ecosystem: z.string().optional().openapi({ example: 'oci' }),
      namespace: z.string().optional().openapi({ example: 'acme' }),
    }),
  },
  responses: {
    200: json(pageOf(PackageSchema, 'PackagePage'), 'Packages by ecosystem and name'),
    default: problems('namespace_unknown'),
  },
})

const get = createRoute({
  method: 'get',
  path: '/api/v1/packages/{ecosystem}/{path}',
  operationId: 'getPackage',
  tags,
  summary: 'One package',
  request: { params: packageParams },
  responses: {
    200: json(PackageSchema, 'The package'),
    default: problems('name_invalid', 'not_found', 'package_unknown'),
  },
})

const update = createRoute({
  method: 'patch',
  path: '/api/v1/packages/{ecosystem}/{path}',
  operationId: 'updatePackage',
  tags,
  summary: 'Change who may read a package, or whether its tags may move, as an admin',
  description: 'At once and everywhere.',
  request: { params: packageParams, body: body(PackageChange) },
  responses: {
    200: json(PackageSchema, 'The package as it is now'),
    default: adminProblems,
  },
})

const remove = createRoute({
  method: 'delete',
  path: '/api/v1/packages/{ecosystem}/{path}',
  operationId: 'deletePackage',
  tags,
  summary: 'Delete a package with its releases and tags, as an admin',
  description: 'Its blobs stay until nothing needs them and collection comes by.',
  request: { params: packageParams },
  responses: { 204: { description: 'It is gone' }, default: adminProblems },
})

/** `/packages`. */
export function mountPackages(api: Api): void {
  api.openapi(list, async (c) => {
    const { app, actor } = c.var
    const found = await listPackageDetails(app, actor, defined(c.req.valid('query')))
    return c.json(page(c, found, packageView), 200)
  })
  api.openapi(get, async (c) => {
    const { ecosystem, path } = c.req.valid('param')
    const ref = packageRef(c.var.ecosystems, ecosystem, path)
    return c.json(packageView(await getPackageDetails(c.var.app, c.var.actor, ref)), 200)
  })
  api.openapi(update, async (c) => {
    const { app, actor } = c.var
    const { ecosystem, path } = c.req.valid('param')
    const ref = packageRef(c.var.ecosystems, ecosystem, path)
    await updatePackage(app, actor, ref, defined(c.req.valid('json')))
    return c.json(packageView(await getPackageDetails(app, actor, ref)), 200)
  })
  api.openapi(remove, async (c) => {
    const { ecosystem, path } = c.req.valid('param')
    await deletePackage(c.var.app, c.var.actor, packageRef(c.var.ecosystems, ecosystem, path))
    return c.body(null, 204)
  })
}

/** A package as answers show it. */
export function packageView({ createdAt, updatedAt, deprecation, ...rest }: PackageDetails) {
  return {
    ...rest,
    ...(deprecation !== null && { deprecation }),
    createdAt: time(createdAt),
    updatedAt: time(updatedAt),
  }
}
