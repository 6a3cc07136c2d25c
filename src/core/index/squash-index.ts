import type { Actor } from '#core/access/actor.ts'
import { authorizeOperator } from '#core/access/can.ts'
import type { App } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { change } from '#core/db/change.ts'
import type { Row } from '#core/db/schema.ts'
import { addCommit, commitIndex } from './commit-index.ts'
import { everyFile } from './index-files.ts'
import { beginIndex, type IndexedEcosystem, lockIndexState } from './index-state.ts'

/** What became of a history. */
export interface Squashed {
  readonly commit: Row<'indexCommits'>
  /** Commits that are no more. */
  readonly dropped: number
}

/**
 * Replaces an index's history by one commit with the files of now, as an operator: clones get small
 * again, and those who have one must take it anew. Repositories follow when they are next read.
 */
export async function squashIndex(
  app: App,
  actor: Actor,
  ecosystem: IndexedEcosystem,
): Promise<Squashed> {
  authorizeOperator(actor)
  await beginIndex(app, ecosystem)
  while ((await commitIndex(app, ecosystem)).isFull);
  return await change(app, async (tx) => {
    const state = await lockIndexState(app, tx, ecosystem.id)
    await tx.deleteFrom('indexEdits').where('ecosystem', '=', ecosystem.id).execute()
    const { numDeletedRows } = await tx
      .deleteFrom('indexCommits')
      .where('ecosystem', '=', ecosystem.id)
      .executeTakeFirst()
    const changes: Array<{ path: string; before: string; after: string }> = []
    for await (const rows of everyFile(tx, ecosystem.id)) {
      changes.push(...rows.map(({ path, text }) => ({ path, before: '', after: text })))
    }
    const message = `Begin again with ${changes.length} files\n`
    const orphan = { ...state, commitId: '' }
    const commit = await addCommit(app, tx, orphan, { changes, message })
    const dropped = Number(numDeletedRows)
    await audit(app, tx, actor, {
      action: 'index.squash',
      subject: `index:${ecosystem.id}`,
      detail: { commit: commit.commitId, was: state.commitId, dropped },
    })
    return { commit, dropped }
  })
}
