import type { App } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { commitIndex } from './commit-index.ts'
import { blobId } from './git-objects.ts'
import { noteAllIndexChanges } from './index-changes.ts'
import { insertFiles } from './index-files.ts'
import { commitsAfter } from './index-history.ts'
import { rebuildRepository } from './index-repository.ts'
import {
  beginIndex,
  type IndexedEcosystem,
  type IndexState,
  lockIndexState,
  readFacts,
} from './index-state.ts'
import { renderPackages } from './render-index.ts'
import { folderOf, writeTrees } from './write-trees.ts'

/** How it went. */
export interface IndexRebuilt {
  readonly ecosystem: string
  /** Commits of the history, which is what it was. */
  readonly commits: number
  /** Commits that were added, because the packages are not what the index said. */
  readonly added: number
  /** The newest. */
  readonly head: string
}

/**
 * Makes an index again from the database: its files from its history, what should be in them from the
 * packages, and the repository from both. What was right comes out byte for byte the same; what was
 * not is put right by a new commit.
 */
export async function rebuildIndex(app: App, ecosystem: IndexedEcosystem): Promise<IndexRebuilt> {
  await beginIndex(app, ecosystem)
  await restoreFiles(app, ecosystem)
  await change(app, (tx) => noteAllIndexChanges(app, tx, ecosystem.id))
  let added = 0
  for (let isFull = true; isFull; ) {
    const { commit, isFull: hasMore } = await commitIndex(app, ecosystem)
    if (commit) added++
    isFull = hasMore
  }
  const { head } = await rebuildRepository(app, ecosystem)
  const { commits } = await app.database.db
    .selectFrom('indexCommits')
    .select((eb) => eb.fn.countAll<number>().as('commits'))
    .where('ecosystem', '=', ecosystem.id)
    .executeTakeFirstOrThrow()
  return { ecosystem: ecosystem.id, commits: Number(commits), added, head }
}

/** The files and folders as the history leaves them. */
async function restoreFiles(app: App, ecosystem: IndexedEcosystem): Promise<void> {
  const { id } = ecosystem
  await change(app, async (tx) => {
    // Held until the end: the history cannot change meanwhile.
    const state = await lockIndexState(app, tx, id)
    const texts = new Map<string, string>()
    for await (const { files } of commitsAfter(tx, id, 0)) {
      for (const { path, text } of files) {
        if (text === '') texts.delete(path)
        else texts.set(path, text)
      }
    }
    const owners = await findOwners(app, tx, ecosystem, state)
    const rows = [...texts].map(([path, text]) => ({
      ecosystem: id,
      path,
      folder: folderOf(path),
      packageId: owners.get(path) ?? null,
      blobId: blobId(text),
      text,
    }))
    await tx.deleteFrom('indexFiles').where('ecosystem', '=', id).execute()
    await insertFiles(tx, id, { gone: [], rows })
    await tx.deleteFrom('indexFolders').where('ecosystem', '=', id).execute()
    await writeTrees(tx, id, new Set(rows.map(({ folder }) => folder)))
  })
}

/** Which package each file is about: as far as known, else as the packages themselves say. */
async function findOwners(
  app: App,
  tx: Tx,
  ecosystem: IndexedEcosystem,
  state: IndexState,
): Promise<Map<string, number | null>> {
  const owners = new Map<string, number | null>()
  const packages = await tx
    .selectFrom('packages')
    .select('id')
    .where('ecosystem', '=', ecosystem.id)
    .execute()
  const ids = packages.map((row) => row.id)
  const { files } = await renderPackages(app, tx, ecosystem, { ids, facts: readFacts(state) })
  for (const { path, packageId } of files) owners.set(path, packageId)
  const known = await tx
    .selectFrom('indexFiles')
    .select(['path', 'packageId'])
    .where('ecosystem', '=', ecosystem.id)
    .execute()
  for (const { path, packageId } of known) owners.set(path, packageId)
  return owners
}
