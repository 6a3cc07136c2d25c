import type { Actor } from '#core/access/actor.ts'
import { authorizeOperator } from '#core/access/can.ts'
import type { App } from '#core/app.ts'
import type { Row } from '#core/db/schema.ts'
import { afterId, type Page, type PageRequest, pageLimit, toPage } from '#core/page.ts'

/** A job as operators see it. */
export interface JobView {
  readonly id: number
  readonly kind: string
  readonly key: string
  readonly state: Row<'jobs'>['state']
  readonly payload: unknown
  readonly attempts: number
  readonly runAt: Date
  readonly lastError: string | null
  readonly createdAt: Date
}

/** Which jobs are asked for, and which page of them. */
export interface JobsRequest extends PageRequest {
  readonly state?: Row<'jobs'>['state']
}

/** The jobs that are not done, oldest first; operators only. */
export async function listJobs(
  app: App,
  actor: Actor,
  request: JobsRequest = {},
): Promise<Page<JobView>> {
  authorizeOperator(actor)
  let query = app.database.db
    .selectFrom('jobs')
    .selectAll()
    .where('id', '>', afterId(request) ?? 0)
  if (request.state) query = query.where('state', '=', request.state)
  const rows = await query
    .orderBy('id')
    .limit(pageLimit(request) + 1)
    .execute()
  return toPage(rows, request, { item: view, cursor: (row) => row.id })
}

function view(row: Row<'jobs'>): JobView {
  const { id, kind, key, state, attempts, lastError } = row
  return {
    id,
    kind,
    key,
    state,
    payload: JSON.parse(row.payload),
    attempts,
    runAt: new Date(row.runAt),
    lastError,
    createdAt: new Date(row.createdAt),
  }
}
