import { createRoute, z } from '@hono/zod-openapi'
import { type AuditLine as CoreLine, listAudit } from '#core/audit/list-audit.ts'
import type { Api } from './env.ts'
import { PageQuery, page, pageOf } from './paging.ts'
import { json, problems } from './responses.ts'
import { defined, Time, TimeInput, time } from './schemas.ts'

const AuditLine = z
  .object({
    id: z.int(),
    at: Time,
    actor: z.string().openapi({ example: 'user:ann' }),
    action: z.string().openapi({ example: 'release.publish' }),
    subject: z.string().openapi({ example: 'package:oci:acme/web' }),
    detail: z.record(z.string(), z.unknown()),
    address: z.string().openapi({ description: 'Where it came from; empty for local commands' }),
    credential: z.string().openapi({ example: 'token:12' }),
    requestId: z.string(),
  })
  .openapi('AuditLine')

const list = createRoute({
  method: 'get',
  path: '/api/v1/audit',
  operationId: 'listAudit',
  tags: ['Audit'],
  summary: 'Who did what: all of it for operators, a namespace’s for its admins',
  request: {
    query: PageQuery.extend({
      namespace: z
        .string()
        .optional()
        .openapi({ example: 'acme', description: 'What happened in it; needed unless operator' }),
      actor: z.string().optional().openapi({ example: 'user:ann' }),
      action: z.string().optional().openapi({ example: 'release.publish' }),
      since: TimeInput.optional(),
    }),
  },
  responses: {
    200: json(pageOf(AuditLine, 'AuditPage'), 'Lines, newest first'),
    default: problems('unauthenticated', 'forbidden', 'scope_missing', 'namespace_unknown'),
  },
})

/** `/audit`. */
export function mountAudit(api: Api): void {
  api.openapi(list, async (c) => {
    const found = await listAudit(c.var.app, c.var.actor, defined(c.req.valid('query')))
    return c.json(page(c, found, view), 200)
  })
}

function view({ at, ...line }: CoreLine) {
  return { ...line, at: time(at) }
}
