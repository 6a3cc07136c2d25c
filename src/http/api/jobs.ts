import { createRoute, z } from '@hono/zod-openapi'
import { reclaimableBytes } from '#core/blobs/reclaimable.ts'
import { requestCollection } from '#core/blobs/request-collection.ts'
import { discardJob } from '#core/jobs/discard-job.ts'
import { type JobView, listJobs } from '#core/jobs/list-jobs.ts'
import { retryJob } from '#core/jobs/retry-job.ts'
import type { Api } from './env.ts'
import { PageQuery, page, pageOf } from './paging.ts'
import { json, problems } from './responses.ts'
import { defined, Id, Time } from './schemas.ts'

const JobState = z
  .enum(['waiting', 'running', 'dead'])
  .openapi('JobState', { description: 'A dead job failed too often and waits for an operator' })

const Job = z
  .object({
    id: z.int(),
    kind: z.string().openapi({ example: 'namespace.delete' }),
    key: z.string().openapi({ description: 'At most one job of a kind and key waits' }),
    state: JobState,
    payload: z.unknown(),
    attempts: z.int(),
    runAt: Time,
    lastError: z.string().nullable(),
    createdAt: Time,
  })
  .openapi('Job')

const Collection = z
  .object({
    kind: z.string().openapi({ example: 'blobs.collect', description: 'The job that does it' }),
    reclaimableBytes: z.int().openapi({
      description: 'What the last collection found unneeded, but too young to go',
    }),
  })
  .openapi('Collection')

const params = z.object({ id: Id })
const tags = ['Operating']
const forOperators = ['unauthenticated', 'forbidden', 'scope_missing'] as const

const list = createRoute({
  method: 'get',
  path: '/api/v1/jobs',
  operationId: 'listJobs',
  tags,
  summary: 'Background jobs that are not done, for operators',
  request: { query: PageQuery.extend({ state: JobState.optional() }) },
  responses: {
    200: json(pageOf(Job, 'JobPage'), 'Jobs, oldest first'),
    default: problems(...forOperators),
  },
})

const retry = createRoute({
  method: 'post',
  path: '/api/v1/jobs/{id}/retry',
  operationId: 'retryJob',
  tags,
  summary: 'Let a dead job run again, as an operator',
  request: { params },
  responses: {
    204: { description: 'It waits for a worker' },
    default: problems(...forOperators, 'job_unknown', 'conflict'),
  },
})

const discard = createRoute({
  method: 'delete',
  path: '/api/v1/jobs/{id}',
  operationId: 'discardJob',
  tags,
  summary: 'Give up a dead or waiting job, as an operator',
  request: { params },
  responses: {
    204: { description: 'It will not run' },
    default: problems(...forOperators, 'job_unknown', 'conflict'),
  },
})

const collect = createRoute({
  method: 'post',
  path: '/api/v1/gc',
  operationId: 'collectGarbage',
  tags,
  summary: 'Collect blobs that nobody needs, as an operator',
  description: 'Runs in the background, once however often it is asked for meanwhile.',
  responses: {
    202: json(Collection, 'A worker will do it'),
    default: problems(...forOperators),
  },
})

/** `/jobs` and `/gc`. */
export function mountJobs(api: Api): void {
  api.openapi(list, async (c) => {
    const found = await listJobs(c.var.app, c.var.actor, defined(c.req.valid('query')))
    return c.json(page(c, found, view), 200)
  })
  api.openapi(retry, async (c) => {
    await retryJob(c.var.app, c.var.actor, c.req.valid('param').id)
    return c.body(null, 204)
  })
  api.openapi(discard, async (c) => {
    await discardJob(c.var.app, c.var.actor, c.req.valid('param').id)
    return c.body(null, 204)
  })
  api.openapi(collect, async (c) => {
    const { app, actor } = c.var
    const { kind } = await requestCollection(app, actor)
    return c.json({ kind, reclaimableBytes: await reclaimableBytes(app) }, 202)
  })
}

function view({ runAt, createdAt, ...job }: JobView) {
  return { ...job, runAt: runAt.toISOString(), createdAt: createdAt.toISOString() }
}
