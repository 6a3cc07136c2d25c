import { setTimeout as sleep } from 'node:timers/promises'
import type { App } from '#core/app.ts'
import { commitCommands, DONE } from '#core/git/fast-import.ts'
import type { Git, GitRepository } from '#core/git/git.ts'
import { commitIndex } from './commit-index.ts'
import { oldestIndexChange } from './index-changes.ts'
import { commitsAfter, findCommitNumber } from './index-history.ts'
import { beginIndex, type IndexedEcosystem, recallIndexState } from './index-state.ts'

/** An index as a git repository of this machine. */
export interface IndexRepository {
  /** As `app.git` knows it. */
  readonly name: string
  /** The commit that the branch names. */
  readonly head: string
}

/** The branch that holds an index: what clients expect that were made for GitHub's of 2019. */
const INDEX_BRANCH = 'master'
export const INDEX_REF = `refs/heads/${INDEX_BRANCH}`

/** What waits for longer was forgotten by its writer: whoever reads takes it in. */
const MAX_WAIT_MS = 700

const MAX_ATTEMPTS = 4
const RETRY_MS = 20

/** Updates under way in this process, by ecosystem. */
const updatesOf = new WeakMap<Git, Map<string, Promise<IndexRepository>>>()

/**
 * The index's repository with everything that was acknowledged more than a second ago. It is made,
 * mended or brought up to date first, if need be.
 */
export async function openIndexRepository(
  app: App,
  ecosystem: IndexedEcosystem,
): Promise<IndexRepository> {
  await takeInWhatWaits(app, ecosystem)
  const updates = updatesOf.get(app.git) ?? new Map<string, Promise<IndexRepository>>()
  updatesOf.set(app.git, updates)
  for (;;) {
    const state = await recallIndexState(app, ecosystem.id)
    const name = repositoryName(ecosystem)
    const found = await app.git.find(name)
    const head = found?.refs.get(INDEX_REF)
    if (head !== undefined && head === state?.commitId) return { name, head }
    const running = updates.get(ecosystem.id)
    if (!running) break
    // It may have begun before what this caller must see.
    await running.catch(() => undefined)
  }
  const update = bringUpToDate(app, ecosystem).finally(() => updates.delete(ecosystem.id))
  updates.set(ecosystem.id, update)
  return await update
}

/** Makes the repository anew from the history in the database. */
export async function rebuildRepository(
  app: App,
  ecosystem: IndexedEcosystem,
): Promise<IndexRepository> {
  await app.git.discard(repositoryName(ecosystem))
  return await openIndexRepository(app, ecosystem)
}

/** What `app.git` calls an index's repository. */
export function repositoryName({ id }: Pick<IndexedEcosystem, 'id'>): string {
  return `index/${id}`
}

/** Begins an index that nobody began, and takes in what its writer left waiting for long. */
export async function takeInWhatWaits(app: App, ecosystem: IndexedEcosystem): Promise<void> {
  if (!(await recallIndexState(app, ecosystem.id))?.commitId) {
    await beginIndex(app, ecosystem)
    await commitIndex(app, ecosystem)
  }
  const oldest = await oldestIndexChange(app, ecosystem.id)
  if (oldest === undefined || app.clock().getTime() - oldest < MAX_WAIT_MS) return
  while ((await commitIndex(app, ecosystem)).isFull);
}

async function bringUpToDate(app: App, ecosystem: IndexedEcosystem): Promise<IndexRepository> {
  const name = repositoryName(ecosystem)
  for (let attempt = 1; ; attempt++) {
    try {
      return await importMissing(app, ecosystem, await app.git.find(name))
    } catch (error) {
      if (attempt === MAX_ATTEMPTS) throw error
      const damage = error instanceof ForeignHistoryError ? error.message : undefined
      // Another process of this machine may have moved the branch at the same moment.
      if (damage === undefined && attempt < MAX_ATTEMPTS - 1) await sleep(attempt * RETRY_MS)
      else await discardDamaged(app, name, { damage, error })
    }
  }
}

/** Only what is damaged is made anew: when the disk is full, what is there is still good to read. */
async function discardDamaged(
  app: App,
  name: string,
  { damage: known, error }: { damage: string | undefined; error: unknown },
): Promise<void> {
  const damage = known ?? (await app.git.check(name))
  if (damage === undefined) throw error
  app.log.warn({ repository: name, damage }, 'the repository of an index is made anew')
  await app.git.discard(name)
}

/** The repository is not one of this index as it is now. */
class ForeignHistoryError extends Error {
  override readonly name = 'ForeignHistoryError'
}

async function importMissing(
  app: App,
  ecosystem: IndexedEcosystem,
  found: GitRepository | undefined,
): Promise<IndexRepository> {
  const name = repositoryName(ecosystem)
  const last = found?.refs.get(INDEX_REF)
  const after = last === undefined ? 0 : await findCommitNumber(app.database.db, ecosystem.id, last)
  if (after === undefined || (found && after === 0)) {
    throw new ForeignHistoryError(`the index has no commit ${last ?? 'at all'}`)
  }
  const imported = { head: last ?? '' }
  const commands = importCommands(app, ecosystem, { after, imported })
  const { refs } = await app.git.import(name, commands, { branch: INDEX_BRANCH })
  const head = refs.get(INDEX_REF)
  if (head === imported.head) return { name, head }
  // Another process of this machine may be further already.
  const isOurs = head && (await findCommitNumber(app.database.db, ecosystem.id, head)) !== undefined
  if (isOurs) return { name, head: imported.head }
  throw new ForeignHistoryError(`${imported.head} became ${head ?? 'nothing'}`)
}

/** Tells `imported` which commit should come of it. */
async function* importCommands(
  app: App,
  { id }: IndexedEcosystem,
  { after, imported }: { after: number; imported: { head: string } },
): AsyncGenerator<string | Uint8Array> {
  let isFirst = true
  for await (const commit of commitsAfter(app.database.db, id, after)) {
    const { files, message, createdAt, parentId } = commit
    yield* commitCommands({
      ref: INDEX_REF,
      message,
      at: createdAt / 1000,
      // What is in this stream cannot be named yet: those after the first follow by themselves.
      ...(isFirst && parentId !== '' && { from: parentId }),
      files: files
        .filter(({ text }) => text !== '')
        .map(({ path, text }) => ({ path, content: text })),
      removed: files.filter(({ text }) => text === '').map(({ path }) => path),
    })
    isFirst = false
    imported.head = commit.commitId
  }
  yield DONE
}
