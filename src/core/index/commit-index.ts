import { type App, now } from '#core/app.ts'
import { change, changed } from '#core/db/change.ts'
import type { Row, Tx } from '#core/db/schema.ts'
import { COMMITTER } from '#core/git/fast-import.ts'
import { blobId, commitId } from './git-objects.ts'
import { findOccupied, insertFiles, readFiles } from './index-files.ts'
import {
  type IndexedEcosystem,
  type IndexState,
  indexTopic,
  lockIndexState,
  readFacts,
} from './index-state.ts'
import { enqueueMirror } from './mirror.ts'
import { type RenderedFile, renderPackages, renderRoot } from './render-index.ts'
import { editBetween } from './text-edit.ts'
import { folderOf, writeTrees } from './write-trees.ts'

/** Changes that become one commit at most: few enough that publishing hardly waits. */
const MAX_CHANGES = 1_000
const MAX_NAMED_FILES = 50
/** One statement takes 65,535 parameters on PostgreSQL, half of that on SQLite; a row has six. */
const MAX_INSERTED_ROWS = 1_000

/** What one transaction did. */
export interface IndexCommitted {
  /** The new commit; undefined when nothing in the index changed. */
  readonly commit: Row<'indexCommits'> | undefined
  /** There may be more to do. */
  readonly isFull: boolean
}

/** A file that changes. */
interface FileChange {
  readonly path: string
  readonly before: string
  readonly after: string
}

/**
 * Takes in what waits and makes it one commit: files, folders, history and the commit's name in one
 * transaction. Repositories, archives and answers follow from its rows. One process at a time holds
 * the state's row, so there is one history, however many processes write it.
 */
export async function commitIndex(app: App, ecosystem: IndexedEcosystem): Promise<IndexCommitted> {
  return await change(app, async (tx) => {
    const state = await lockIndexState(app, tx, ecosystem.id)
    const { packageIds, isFull } = await takeChanges(tx, ecosystem.id)
    const known = await readFiles(tx, ecosystem.id, packageIds)
    const { files, failed } = await wantedFiles(app, tx, ecosystem, { state, packageIds })
    const isKept = ({ packageId }: { packageId: number | null }) =>
      packageId !== null && failed.has(packageId)
    const before = new Map(known.filter((row) => !isKept(row)).map((row) => [row.path, row]))
    const wanted = await withoutClashes(app, tx, ecosystem, { files, before })
    const changes = changesBetween(before, wanted)
    await writeFiles(tx, ecosystem.id, { changes, wanted })
    // A file that another package has now may still say the same.
    const edited = changes.filter((one) => one.before !== one.after)
    if (edited.length === 0) return { commit: undefined, isFull }
    return { commit: await addCommit(app, tx, state, { changes: edited }), isFull }
  })
}

/** Adds a commit of the files as they are now. */
export async function addCommit(
  app: App,
  tx: Tx,
  { ecosystem, number: last, commitId: parentId }: IndexState,
  { changes, message = messageOf(changes) }: { changes: readonly FileChange[]; message?: string },
): Promise<Row<'indexCommits'>> {
  const treeId = await writeTrees(
    tx,
    ecosystem,
    changes.map(({ path }) => folderOf(path)),
  )
  const at = Math.floor(now(app) / 1000)
  const commit = {
    ecosystem,
    number: last + 1,
    commitId: commitId({ treeId, parentId, who: COMMITTER, at, message }),
    treeId,
    parentId,
    message,
    createdAt: at * 1000,
  }
  await tx.insertInto('indexCommits').values(commit).execute()
  const edits = changes.map(({ path, before, after }) => ({
    ecosystem,
    number: commit.number,
    path,
    ...editBetween(before, after),
  }))
  for (let at = 0; at < edits.length; at += MAX_INSERTED_ROWS) {
    const some = edits.slice(at, at + MAX_INSERTED_ROWS)
    await tx.insertInto('indexEdits').values(some).execute()
  }
  await tx
    .updateTable('indexState')
    .set({ number: commit.number, commitId: commit.commitId })
    .where('ecosystem', '=', ecosystem)
    .execute()
  changed(tx, indexTopic(ecosystem))
  await enqueueMirror(app, tx, ecosystem)
  return commit
}

/** The packages that changed, each once; a change that is not committed yet comes with the next. */
async function takeChanges(
  tx: Tx,
  ecosystem: string,
): Promise<{ packageIds: number[]; isFull: boolean }> {
  const taken = await tx
    .deleteFrom('indexChanges')
    .where('seq', 'in', (eb) =>
      eb
        .selectFrom('indexChanges')
        .select('seq')
        .where('ecosystem', '=', ecosystem)
        .orderBy('seq')
        .limit(MAX_CHANGES),
    )
    .returning('packageId')
    .execute()
  const packageIds = [...new Set(taken.map(({ packageId }) => packageId))]
  return { packageIds, isFull: taken.length === MAX_CHANGES }
}

async function wantedFiles(
  app: App,
  tx: Tx,
  ecosystem: IndexedEcosystem,
  { state, packageIds }: { state: IndexState; packageIds: readonly number[] },
): Promise<{ files: RenderedFile[]; failed: ReadonlySet<number> }> {
  const facts = readFacts(state)
  const { files, failed } = await renderPackages(app, tx, ecosystem, { ids: packageIds, facts })
  return { files: [...renderRoot(ecosystem, facts), ...files], failed }
}

/** By path; without those whose path another package has. */
async function withoutClashes(
  app: App,
  tx: Tx,
  ecosystem: IndexedEcosystem,
  { files, before }: { files: RenderedFile[]; before: ReadonlyMap<string, Row<'indexFiles'>> },
): Promise<Map<string, RenderedFile>> {
  const news = files.filter(({ path }) => !before.has(path))
  const occupied = await findOccupied(
    tx,
    ecosystem.id,
    news.map(({ path }) => path),
  )
  const wanted = new Map<string, RenderedFile>()
  for (const file of files) {
    const { path, packageId } = file
    if (!occupied.has(path) && !wanted.has(path)) wanted.set(path, file)
    else app.log.error({ path, packageId }, 'another package has this file of the index')
  }
  return wanted
}

function changesBetween(
  before: ReadonlyMap<string, Row<'indexFiles'>>,
  wanted: ReadonlyMap<string, RenderedFile>,
): FileChange[] {
  const paths = [...new Set([...before.keys(), ...wanted.keys()])].sort()
  return paths.flatMap((path) => {
    const [was, is] = [before.get(path), wanted.get(path)]
    if (was?.text === is?.text && was?.packageId === is?.packageId) return []
    return [{ path, before: was?.text ?? '', after: is?.text ?? '' }]
  })
}

async function writeFiles(
  tx: Tx,
  ecosystem: string,
  {
    changes,
    wanted,
  }: { changes: readonly FileChange[]; wanted: ReadonlyMap<string, RenderedFile> },
): Promise<void> {
  const rows = changes.flatMap(({ path }) => {
    const file = wanted.get(path)
    if (!file) return []
    return [{ ...file, ecosystem, folder: folderOf(path), blobId: blobId(file.text) }]
  })
  await insertFiles(tx, ecosystem, { gone: changes.map(({ path }) => path), rows })
}

function messageOf(changes: readonly FileChange[]): string {
  const paths = changes.map(({ path }) => path)
  if (paths.length === 1) return `Update ${paths[0]}\n`
  const named = paths.slice(0, MAX_NAMED_FILES)
  const rest = paths.length - named.length
  const more = rest === 0 ? [] : [`and ${rest} more`]
  return `Update ${paths.length} files\n\n${[...named, ...more].join('\n')}\n`
}
