import { type App, now } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import type { Row } from '#core/db/schema.ts'
import { enqueue } from './enqueue.ts'
import type { Schedule } from './job.ts'

/** Makes the schedules known to the database; one that is new first runs after its interval. */
export async function declareSchedules(app: App, schedules: readonly Schedule[]): Promise<void> {
  const rows = await app.database.db.selectFrom('schedules').selectAll().execute()
  const known = new Map(rows.map((row) => [row.kind, row.everySeconds]))
  const news = schedules.filter((schedule) => known.get(schedule.kind) !== schedule.everySeconds)
  for (const { kind, everySeconds } of news) {
    const nextRunAt = now(app) + everySeconds * 1000
    await change(app, (tx) =>
      tx
        .insertInto('schedules')
        .values({ kind, everySeconds, nextRunAt })
        .onConflict((conflict) => conflict.column('kind').doUpdateSet({ everySeconds, nextRunAt }))
        .execute(),
    )
  }
}

/** Enqueues what is due, once however many processes try. Costs one read when nothing is. */
export async function enqueueScheduled(app: App, schedules: readonly Schedule[]): Promise<void> {
  if (schedules.length === 0) return
  const kinds = schedules.map((schedule) => schedule.kind)
  const due = await app.database.db
    .selectFrom('schedules')
    .selectAll()
    .where('kind', 'in', kinds)
    .where('nextRunAt', '<=', now(app))
    .execute()
  for (const schedule of due) await enqueueOne(app, schedule)
}

async function enqueueOne(app: App, schedule: Row<'schedules'>): Promise<void> {
  await change(app, async (tx) => {
    const { numUpdatedRows } = await tx
      .updateTable('schedules')
      .set({ nextRunAt: nextAfter(schedule, now(app)) })
      .where('kind', '=', schedule.kind)
      .where('nextRunAt', '=', schedule.nextRunAt)
      .executeTakeFirst()
    // Otherwise another process was first.
    if (numUpdatedRows === 0n) return
    await enqueue(app, tx, { kind: schedule.kind, key: 'schedule', payload: {} })
  })
}

/** Keeps the rhythm; what was missed while nobody ran is not made up for. */
function nextAfter(schedule: Row<'schedules'>, at: number): number {
  const everyMs = schedule.everySeconds * 1000
  const missed = Math.floor((at - schedule.nextRunAt) / everyMs)
  return schedule.nextRunAt + (missed + 1) * everyMs
}
