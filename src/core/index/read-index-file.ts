import type { App } from '#core/app.ts'
import { namespaceTopic, packageTopic } from '#core/cache/topics.ts'
import { RegistryError } from '#core/errors.ts'
import { takeInWhatWaits } from './index-repository.ts'
import { type IndexedEcosystem, indexTopic, readFacts, recallIndexState } from './index-state.ts'
import { renderPackages, renderRoot } from './render-index.ts'

/** A file of an index, and the topics that end it. */
export interface ReadIndexFile {
  readonly text: string
  readonly topics: readonly string[]
}

/**
 * A file of the index as its package is now: a change shows here at once, and in the other forms of
 * the index with the next commit. A package that is new is here with its first commit.
 */
export async function readIndexFile(
  app: App,
  ecosystem: IndexedEcosystem,
  path: string,
): Promise<ReadIndexFile> {
  await takeInWhatWaits(app, ecosystem)
  const state = await recallIndexState(app, ecosystem.id)
  const row = await app.database.db
    .selectFrom('indexFiles')
    .leftJoin('packages', 'packages.id', 'indexFiles.packageId')
    .select(['indexFiles.packageId', 'packages.namespaceId'])
    .where('indexFiles.ecosystem', '=', ecosystem.id)
    .where('indexFiles.path', '=', path)
    .executeTakeFirst()
  if (!state || !row) throw unknown(path)
  const { packageId, namespaceId } = row
  const facts = readFacts(state)
  const files =
    packageId === null
      ? renderRoot(ecosystem, facts)
      : (await renderPackages(app, app.database.db, ecosystem, { ids: [packageId], facts })).files
  const file = files.find((one) => one.path === path)
  if (!file) throw unknown(path)
  const topics =
    packageId === null
      ? [indexTopic(ecosystem.id)]
      : [packageTopic(packageId), ...(namespaceId === null ? [] : [namespaceTopic(namespaceId)])]
  return { text: file.text, topics }
}

function unknown(path: string): RegistryError {
  return new RegistryError('not_found', `no such file in the index: ${path.slice(0, 200)}`)
}
