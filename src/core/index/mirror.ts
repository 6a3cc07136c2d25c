import type { App } from '#core/app.ts'
import type { Tx } from '#core/db/schema.ts'
import { enqueue } from '#core/jobs/enqueue.ts'

/** The job that pushes an index elsewhere; see mirror-job.ts. */
export const MIRROR_KIND = 'index.mirror'

/** Has the index pushed to its mirror, if it has one, once the change is committed. */
export async function enqueueMirror(app: App, tx: Tx, ecosystem: string): Promise<void> {
  if (app.settings.indexMirrors[ecosystem] === undefined) return
  await enqueue(app, tx, { kind: MIRROR_KIND, key: ecosystem, payload: { ecosystem } })
}
