import type { Config } from '#config.ts'
import { cleanSignInsJob, cleanSignInsSchedule } from '#core/accounts/sign-in/clean-sign-ins.ts'
import { collectJob, collectSchedule } from '#core/blobs/collect-job.ts'
import { pruneDownloadsJob, pruneDownloadsSchedule } from '#core/downloads/prune-downloads.ts'
import {
  collectRepositoriesJob,
  collectRepositoriesSchedule,
} from '#core/git/collect-repositories.ts'
import { mirrorIndexJob } from '#core/index/mirror-job.ts'
import type { JobHandler, Schedule } from '#core/jobs/job.ts'
import { cosignLogJob, cosignSchedule } from '#core/log/ask-witnesses.ts'
import { sendMailJob } from '#core/mail/send-mail-job.ts'
import { deleteNamespaceJob } from '#core/namespaces/delete-namespace-job.ts'
import { rebuildSearchJob } from '#core/search/rebuild-search.ts'
import { cleanDeliveriesJob, cleanDeliveriesSchedule } from '#core/webhooks/clean-deliveries.ts'
import type { Metrics } from '#http/metrics.ts'

/** Every kind of background job that a server does. */
export function jobHandlers(metrics: Metrics): readonly JobHandler[] {
  return [
    collectJob((collected) => metrics.noteCollection(collected)),
    deleteNamespaceJob,
    rebuildSearchJob,
    cosignLogJob,
    sendMailJob,
    cleanSignInsJob,
    pruneDownloadsJob,
    cleanDeliveriesJob,
    collectRepositoriesJob,
    mirrorIndexJob,
  ]
}

/** The jobs that come again and again. */
export function jobSchedules({ gc, core }: Config): readonly Schedule[] {
  return [
    pruneDownloadsSchedule,
    ...(gc.intervalSeconds === 0
      ? []
      : [collectSchedule(gc.intervalSeconds), collectRepositoriesSchedule(gc.intervalSeconds)]),
    ...(core.logWitnesses.length === 0 ? [] : [cosignSchedule]),
    cleanSignInsSchedule,
    cleanDeliveriesSchedule,
  ]
}
