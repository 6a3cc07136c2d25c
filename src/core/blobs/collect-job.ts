import type { JobHandler, Schedule } from '#core/jobs/job.ts'
import { type Collected, collectGarbage } from './collect.ts'

const KIND = 'blobs.collect'

/** The job that collects; `onCollected` hears the outcome, for metrics. */
export function collectJob(onCollected: (collected: Collected) => void = () => {}): JobHandler {
  return {
    kind: KIND,
    async run(app, _payload, { signal }) {
      const collected = await collectGarbage(app, { dryRun: false, signal })
      onCollected(collected)
      // Ended early: the job is not done and runs again.
      if (!collected.isComplete) signal.throwIfAborted()
    },
  }
}

/** When it runs; hourly unless told otherwise. */
export function collectSchedule(everySeconds = 3600): Schedule {
  return { kind: KIND, everySeconds }
}
