import type { Config } from '#config.ts'
import { collectJob, collectSchedule } from '#core/blobs/collect-job.ts'
import type { JobHandler, Schedule } from '#core/jobs/job.ts'
import { cosignLogJob, cosignSchedule } from '#core/log/ask-witnesses.ts'
import { deleteNamespaceJob } from '#core/namespaces/delete-namespace-job.ts'
import { rebuildSearchJob } from '#core/search/rebuild-search.ts'
import type { Metrics } from '#http/metrics.ts'

/** Every kind of background job that a server does. */
export function jobHandlers(metrics: Metrics): readonly JobHandler[] {
  return [
    collectJob((collected) => metrics.noteCollection(collected)),
    deleteNamespaceJob,
    rebuildSearchJob,
    cosignLogJob,
  ]
}

/** The jobs that come again and again. */
export function jobSchedules({ gc, core }: Config): readonly Schedule[] {
  return [
    ...(gc.intervalSeconds === 0 ? [] : [collectSchedule(gc.intervalSeconds)]),
    ...(core.logWitnesses.length === 0 ? [] : [cosignSchedule]),
  ]
}
