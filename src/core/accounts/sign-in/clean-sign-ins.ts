import { type App, now } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import type { JobHandler, Schedule } from '#core/jobs/job.ts'

const KIND = 'sign-ins.clean'
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Long enough that nobody wonders where a sign-in went. */
const KEPT_SIGN_IN_MS = HOUR_MS
/** Long enough for somebody to look for a session in the audit and in the database. */
const KEPT_SESSION_MS = 30 * DAY_MS
/** A device that was away for so long is new again. */
const KEPT_DEVICE_MS = 400 * DAY_MS

/** Forgets sign-ins that ended, sessions long over, and devices long unseen. */
export const cleanSignInsJob: JobHandler = { kind: KIND, run: (app) => cleanSignIns(app) }

export const cleanSignInsSchedule: Schedule = { kind: KIND, everySeconds: 3600 }

async function cleanSignIns(app: App): Promise<void> {
  const at = now(app)
  await change(app, async (tx) => {
    await tx
      .deleteFrom('signIns')
      .where('expiresAt', '<', at - KEPT_SIGN_IN_MS)
      .execute()
    await tx
      .deleteFrom('tokens')
      .where('kind', '=', 'session')
      .where((eb) =>
        eb.or([
          eb('expiresAt', '<', at - KEPT_SESSION_MS),
          eb('revokedAt', '<', at - KEPT_SESSION_MS),
        ]),
      )
      .execute()
    await tx
      .deleteFrom('signInDevices')
      .where('lastSeenAt', '<', at - KEPT_DEVICE_MS)
      .execute()
  })
}
