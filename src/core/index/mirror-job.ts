import type { JobHandler } from '#core/jobs/job.ts'
import { INDEX_REF, openIndexRepository } from './index-repository.ts'
import { listIndexed } from './index-state.ts'
import { MIRROR_KIND } from './mirror.ts'

/**
 * Pushes an index to its mirror, all of it that is there when it runs. A mirror that is gone is tried
 * again later and later; the next commit tries again in any case.
 */
export const mirrorIndexJob: JobHandler = {
  kind: MIRROR_KIND,
  async run(app, payload, { signal }) {
    const { ecosystem: id } = payload as { ecosystem: string }
    const url = app.settings.indexMirrors[id]
    const ecosystem = listIndexed(app).find((one) => one.id === id)
    // The operator took it out of the settings.
    if (url === undefined || !ecosystem) return
    const { name } = await openIndexRepository(app, ecosystem)
    await app.git.push(name, { url, refs: [INDEX_REF], signal })
  },
}
