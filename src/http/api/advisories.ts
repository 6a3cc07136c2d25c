import { createRoute, z } from '@hono/zod-openapi'
import { addAdvisory } from '#core/advisories/add-advisory.ts'
import type { Advisory as CoreAdvisory } from '#core/advisories/advisory.ts'
import { parseAdvisory } from '#core/advisories/advisory-document.ts'
import { exportAdvisories } from '#core/advisories/export-advisories.ts'
import { getAdvisory, listAdvisories } from '#core/advisories/list-advisories.ts'
import { publishAdvisory } from '#core/advisories/publish-advisory.ts'
import { withdrawAdvisory } from '#core/advisories/withdraw-advisory.ts'
import { RegistryError } from '#core/errors.ts'
import type { Api, ApiContext } from './env.ts'
import { packageRef } from './package-address.ts'
import { PageQuery, page, pageOf } from './paging.ts'
import { body, json, problems } from './responses.ts'
import { defined, TimeInput } from './schemas.ts'

const Document = z.record(z.string(), z.unknown()).openapi('OsvDocument', {
  description:
    'OSV 1.7 (https://ossf.github.io/osv-schema/). Beyond its list, `affected[].package.ecosystem` may be an ecosystem of this registry that OSV has no name for: OCI, Ori, Gren, elba, PureScript.',
})

const State = z.enum(['draft', 'published', 'withdrawn']).openapi('AdvisoryState', {
  description: 'Drafts are seen by operators and by the admins of their packages',
})

const Advisory = z
  .object({
    id: z.string().openapi({ example: 'ORISA-2026-0001' }),
    state: State,
    document: Document,
  })
  .openapi('Advisory')

const tags = ['Advisories']
const params = z.object({ id: z.string().openapi({ example: 'ORISA-2026-0001' }) })
const denied = ['unauthenticated', 'forbidden', 'scope_missing'] as const

const list = createRoute({
  method: 'get',
  path: '/api/v1/advisories',
  operationId: 'listAdvisories',
  tags,
  summary: 'Known vulnerabilities, in the order they were added',
  request: {
    query: PageQuery.extend({
      ecosystem: z
        .string()
        .optional()
        .openapi({ example: 'oci', description: 'Needed with `package`' }),
      package: z.string().optional().openapi({ example: 'acme/web' }),
      version: z
        .string()
        .optional()
        .openapi({ description: 'Only those that affect this version of the package' }),
      since: TimeInput.optional(),
      state: State.optional(),
    }),
  },
  responses: {
    200: json(pageOf(Advisory, 'AdvisoryPage'), 'Without a `state`, published and withdrawn ones'),
    default: problems('not_found', 'name_invalid'),
  },
})

const get = createRoute({
  method: 'get',
  path: '/api/v1/advisories/{id}',
  operationId: 'getAdvisory',
  tags,
  summary: 'One advisory, as a document of OSV',
  request: { params },
  responses: { 200: json(Document, 'The document'), default: problems('advisory_unknown') },
})

const all = createRoute({
  method: 'get',
  path: '/api/v1/advisories.zip',
  operationId: 'exportAdvisories',
  tags,
  summary: 'Every public advisory, as a zip of documents of OSV',
  responses: {
    200: {
      description: 'One file `<id>.json` each',
      content: { 'application/zip': { schema: z.string() } },
    },
    default: problems(),
  },
})

const add = createRoute({
  method: 'post',
  path: '/api/v1/advisories',
  operationId: 'addAdvisory',
  tags,
  summary: 'Draft an advisory about your packages, or write one anew',
  description:
    'Admins for packages of their own, operators for any. Without an id it gets one; with the id of a draft it takes its place. Operators may write a published one anew.',
  request: { body: body(Document) },
  responses: {
    201: json(Advisory, 'As it is kept'),
    default: problems(...denied, 'package_unknown', 'conflict', 'unprocessable'),
  },
})

const publish = createRoute({
  method: 'post',
  path: '/api/v1/advisories/{id}/publish',
  operationId: 'publishAdvisory',
  tags,
  summary: 'Show a draft to everybody, as an operator',
  request: { params },
  responses: {
    200: json(Advisory, 'The advisory as it is now'),
    default: problems(...denied, 'advisory_unknown', 'conflict'),
  },
})

const withdraw = createRoute({
  method: 'post',
  path: '/api/v1/advisories/{id}/withdraw',
  operationId: 'withdrawAdvisory',
  tags,
  summary: 'Take an advisory back, as an operator; or a draft of yours',
  description: 'A published one stays readable, marked as withdrawn. A draft is gone.',
  request: { params },
  responses: {
    204: { description: 'It affects nothing any more' },
    default: problems(...denied, 'advisory_unknown'),
  },
})

/** `/advisories`. */
export function mountAdvisories(api: Api): void {
  api.openapi(list, async (c) => {
    const { ecosystem, package: name, ...rest } = c.req.valid('query')
    const about = name === undefined ? {} : { package: refOf(c, ecosystem, name) }
    const filter = { ...defined(rest), ...about }
    return c.json(page(c, await listAdvisories(c.var.app, c.var.actor, filter), view), 200)
  })
  api.openapi(all, (c) =>
    c.body(streamOf(exportAdvisories(c.var.app)), 200, {
      'content-type': 'application/zip',
      'content-disposition': 'attachment; filename="advisories.zip"',
    }),
  )
  api.openapi(get, async (c) => {
    const { document } = await getAdvisory(c.var.app, c.var.actor, c.req.valid('param').id)
    return c.json({ ...document } as Record<string, unknown>, 200)
  })
  api.openapi(add, async (c) => {
    const written = parseAdvisory(c.req.valid('json'))
    const added = await addAdvisory(c.var.app, c.var.actor, written)
    c.header('location', `/api/v1/advisories/${encodeURIComponent(added.id)}`)
    return c.json(view(added), 201)
  })
  api.openapi(publish, async (c) => {
    const { id } = c.req.valid('param')
    return c.json(view(await publishAdvisory(c.var.app, c.var.actor, id)), 200)
  })
  api.openapi(withdraw, async (c) => {
    await withdrawAdvisory(c.var.app, c.var.actor, c.req.valid('param').id)
    return c.body(null, 204)
  })
}

function refOf(c: ApiContext, ecosystem: string | undefined, name: string) {
  if (ecosystem !== undefined) return packageRef(c.var.ecosystems, ecosystem, name)
  throw new RegistryError('invalid_request', 'a package is of an ecosystem: say which')
}

/** Read as fast as it is taken. */
function streamOf(chunks: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel() {
      await chunks.return(undefined)
    },
  })
}

function view({ id, state, document }: CoreAdvisory) {
  return { id, state, document: { ...document } as Record<string, unknown> }
}
