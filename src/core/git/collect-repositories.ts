import type { App } from '#core/app.ts'
import type { JobHandler, Schedule } from '#core/jobs/job.ts'
import { currentRepositoryName } from './release-repository.ts'

const KIND = 'git.collect'

/**
 * The job that takes away repositories of packages that are gone, and those that still have what was
 * removed since: nobody can reach them any more, but the disk should not keep them either.
 */
export const collectRepositoriesJob: JobHandler = {
  kind: KIND,
  async run(app, _payload, { signal }) {
    await collectRepositories(app, signal)
  },
}

/** When it runs. */
export function collectRepositoriesSchedule(everySeconds: number): Schedule {
  return { kind: KIND, everySeconds }
}

/** Answers the names of what was taken away. */
export async function collectRepositories(app: App, signal?: AbortSignal): Promise<string[]> {
  const collected: string[] = []
  for (const { id: ecosystem } of app.ecosystems) {
    for (const name of await app.git.list(ecosystem)) {
      signal?.throwIfAborted()
      if (!(await isAbandoned(app, ecosystem, name))) continue
      await app.git.discard(name)
      collected.push(name)
    }
  }
  return collected
}

/** Looked up after the folder was listed, so one that was made since is not in question. */
async function isAbandoned(app: App, ecosystem: string, name: string): Promise<boolean> {
  const packageId = /^[^/]+\/(\d+)\/[^/]+$/.exec(name)?.[1]
  // An index, or what somebody else put there.
  if (packageId === undefined) return false
  const found = await app.database.db
    .selectFrom('packages')
    .select('id')
    .where('id', '=', Number(packageId))
    .where('ecosystem', '=', ecosystem)
    .executeTakeFirst()
  return !found || name !== (await currentRepositoryName(app, { id: found.id, ecosystem }))
}
