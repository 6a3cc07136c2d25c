import type { App } from '#core/app.ts'
import { INDEX_REF, repositoryName } from './index-repository.ts'
import { findIndexState, type IndexedEcosystem } from './index-state.ts'

/** How an index is, on this machine. */
export interface IndexStatus {
  readonly ecosystem: string
  readonly files: number
  readonly commits: number
  /** Of the newest commit; empty before the first. */
  readonly head: string
  readonly committedAt: number | undefined
  /** Changes that no commit has yet. */
  readonly waiting: number
  /** Of this machine: whether it is at the newest commit. */
  readonly repository: 'current' | 'behind' | 'missing'
  readonly isMirrored: boolean
}

/** Looks at an index without changing anything but a repository that is damaged: that goes. */
export async function readIndexStatus(app: App, ecosystem: IndexedEcosystem): Promise<IndexStatus> {
  const { db } = app.database
  const { id } = ecosystem
  const state = await findIndexState(db, id)
  const newest = await db
    .selectFrom('indexCommits')
    .select('createdAt')
    .where('ecosystem', '=', id)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst()
  const found = await app.git.find(repositoryName(ecosystem))
  const isCurrent = found?.refs.get(INDEX_REF) === state?.commitId
  return {
    ecosystem: id,
    files: await count(app, 'indexFiles', id),
    commits: await count(app, 'indexCommits', id),
    head: state?.commitId ?? '',
    committedAt: newest?.createdAt,
    waiting: await count(app, 'indexChanges', id),
    repository: found === undefined ? 'missing' : isCurrent ? 'current' : 'behind',
    isMirrored: app.settings.indexMirrors[id] !== undefined,
  }
}

async function count(
  app: App,
  table: 'indexFiles' | 'indexCommits' | 'indexChanges',
  ecosystem: string,
): Promise<number> {
  const row = await app.database.db
    .selectFrom(table)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('ecosystem', '=', ecosystem)
    .executeTakeFirstOrThrow()
  return Number(row.count)
}
