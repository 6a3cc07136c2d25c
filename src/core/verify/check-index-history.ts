import type { Row } from '#core/db/schema.ts'
import { COMMITTER } from '#core/git/fast-import.ts'
import { commitId } from '#core/index/git-objects.ts'
import { everyFile } from '#core/index/index-files.ts'
import { commitsAfter } from '#core/index/index-history.ts'
import { findIndexState, type IndexState } from '#core/index/index-state.ts'
import { computeTree } from '#core/index/write-trees.ts'
import type { VerifyRun } from './problem.ts'

/** Where the commits of an index lead. */
interface Outcome {
  readonly last: Row<'indexCommits'> | undefined
  readonly texts: ReadonlyMap<string, string>
}

/** The commits of an index follow each other, are called what they are, and lead to its files. */
export async function checkIndexHistory(run: VerifyRun, ecosystem: string): Promise<void> {
  const { db } = run.app.database
  const state = await findIndexState(db, ecosystem)
  if (!state) return
  const { last, texts } = await replay(run, state)
  const missing = new Set(texts.keys())
  for await (const rows of everyFile(db, ecosystem)) {
    for (const { path, text } of rows) if (texts.get(path) === text) missing.delete(path)
  }
  const tree = await computeTree(db, ecosystem)
  const isWhole = missing.size === 0 && (last?.commitId ?? '') === state.commitId
  if (isWhole && (last === undefined || last.treeId === tree)) return
  // What was read in pieces while there were new commits fits no single moment.
  if ((await findIndexState(db, ecosystem))?.commitId !== state.commitId) return
  run.report({
    kind: 'index_history',
    subject: `${ecosystem} index`,
    detail: `its history does not lead to its files: entrepot index rebuild ${ecosystem}`,
  })
}

async function replay(run: VerifyRun, { ecosystem, number }: IndexState): Promise<Outcome> {
  const texts = new Map<string, string>()
  let last: Row<'indexCommits'> | undefined
  for await (const { files, ...commit } of commitsAfter(run.app.database.db, ecosystem, 0)) {
    if (commit.number > number) break
    checkName(run, commit, last)
    for (const { path, text } of files) {
      if (text === '') texts.delete(path)
      else texts.set(path, text)
    }
    last = commit
  }
  return { last, texts }
}

function checkName(
  run: VerifyRun,
  commit: Row<'indexCommits'>,
  before: Row<'indexCommits'> | undefined,
): void {
  const { treeId, parentId, message, createdAt, number, ecosystem } = commit
  const name = commitId({ treeId, parentId, who: COMMITTER, at: createdAt / 1000, message })
  if (name === commit.commitId && parentId === (before?.commitId ?? '')) return
  const subject = `commit ${number} of the ${ecosystem} index`
  run.report({ kind: 'index_commit', subject, detail: 'it is not called what it is' })
}
