import { inspectArchive } from '#core/archives/inspect-archive.ts'
import { digestOf } from '#core/blobs/digest.ts'
import { packIndex } from '#core/index/index-archive.ts'
import { ROOT_FILES } from '#core/index/index-changes.ts'
import { everyFile } from '#core/index/index-files.ts'
import { findCommitNumber } from '#core/index/index-history.ts'
import { INDEX_REF, repositoryName } from '#core/index/index-repository.ts'
import {
  findIndexState,
  type IndexedEcosystem,
  type IndexState,
  listIndexed,
  readFacts,
} from '#core/index/index-state.ts'
import { renderPackages, renderRoot } from '#core/index/render-index.ts'
import { checkIndexHistory } from './check-index-history.ts'
import { PAGE_ROWS, type VerifyRun } from './problem.ts'

const REBUILD = 'entrepot index rebuild'

/**
 * Every index says what its packages are, its history leads to its files, and the repository of this
 * machine is whole and of that history. The index may change meanwhile.
 */
export async function* checkIndex(run: VerifyRun): AsyncGenerator<number> {
  for (const ecosystem of listIndexed(run.app)) {
    const state = await findIndexState(run.app.database.db, ecosystem.id)
    // Nobody began it: no server ran yet.
    if (!state) continue
    yield* checkFiles(run, ecosystem, state)
    await checkMissing(run, ecosystem, state)
    await checkIndexHistory(run, ecosystem.id)
    await checkRepository(run, ecosystem)
    if (run.checkBytes) await checkArchive(run, ecosystem)
  }
}

/** Files are what their packages are made into; those of packages with news are not asked for. */
async function* checkFiles(
  run: VerifyRun,
  ecosystem: IndexedEcosystem,
  state: IndexState,
): AsyncGenerator<number> {
  const facts = readFacts(state)
  const root = renderRoot(ecosystem, facts)
  for await (const rows of everyFile(run.app.database.db, ecosystem.id)) {
    const ids = rows.flatMap(({ packageId }) => (packageId === null ? [] : [packageId]))
    const { db } = run.app.database
    const { files } = await renderPackages(run.app, db, ecosystem, { ids, facts })
    const wanted = new Map([...root, ...files].map(({ path, text }) => [path, text]))
    const wrong = rows.filter(({ path, text }) => wanted.get(path) !== text)
    const waiting = await waitingAmong(run, ecosystem, wrong)
    for (const { path, packageId } of wrong) {
      if (waiting.has(packageId ?? ROOT_FILES)) continue
      run.report({
        kind: 'index_file',
        subject: `${ecosystem.id} index ${path}`,
        detail: `it does not say what the package is: ${REBUILD}`,
      })
    }
    yield rows.length
  }
}

/** Every package that should have a file has one. */
async function checkMissing(
  run: VerifyRun,
  ecosystem: IndexedEcosystem,
  state: IndexState,
): Promise<void> {
  const { db } = run.app.database
  for (let after = 0; ; ) {
    const packages = await db
      .selectFrom('packages')
      .leftJoin('indexFiles', 'indexFiles.packageId', 'packages.id')
      .select('packages.id')
      .where('packages.ecosystem', '=', ecosystem.id)
      .where('packages.id', '>', after)
      .where('indexFiles.path', 'is', null)
      .orderBy('packages.id')
      .limit(PAGE_ROWS)
      .execute()
    const last = packages.at(-1)
    if (!last) return
    after = last.id
    const ids = packages.map(({ id }) => id)
    const facts = readFacts(state)
    const { files } = await renderPackages(run.app, db, ecosystem, { ids, facts })
    const waiting = await waitingAmong(run, ecosystem, files)
    for (const { path, packageId } of files) {
      if (packageId === null || waiting.has(packageId)) continue
      const subject = `${ecosystem.id} index ${path}`
      run.report({ kind: 'index_file', subject, detail: `it is missing: ${REBUILD}` })
    }
  }
}

/** Those packages that the writer will come to. */
async function waitingAmong(
  { app }: VerifyRun,
  { id }: IndexedEcosystem,
  files: ReadonlyArray<{ readonly packageId: number | null }>,
): Promise<Set<number>> {
  if (files.length === 0) return new Set()
  const rows = await app.database.db
    .selectFrom('indexChanges')
    .select('packageId')
    .where('ecosystem', '=', id)
    .where(
      'packageId',
      'in',
      files.map(({ packageId }) => packageId ?? ROOT_FILES),
    )
    .execute()
  return new Set(rows.map(({ packageId }) => packageId))
}

/** A repository that is missing will be made; one that is there is whole and of this history. */
async function checkRepository(run: VerifyRun, ecosystem: IndexedEcosystem): Promise<void> {
  const { app } = run
  const name = repositoryName(ecosystem)
  const subject = `repository ${name}`
  const damage = run.checkBytes ? await app.git.check(name) : undefined
  if (damage !== undefined) {
    run.report({ kind: 'index_repository', subject, detail: `damaged: ${damage.split('\n')[0]}` })
    return
  }
  const head = (await app.git.find(name))?.refs.get(INDEX_REF)
  if (head === undefined) return
  if ((await findCommitNumber(app.database.db, ecosystem.id, head)) !== undefined) return
  const detail = `it is at ${head}, which is no commit of the index; it is made anew when it is read`
  run.report({ kind: 'index_repository', subject, detail })
}

const MANY = Number.MAX_SAFE_INTEGER
const UNLIMITED = {
  maxCompressedBytes: MANY,
  maxUnpackedBytes: MANY,
  maxRatio: MANY,
  maxEntries: MANY,
  maxFileBytes: MANY,
  maxPathBytes: MANY,
  maxDepth: MANY,
}

/** The archive holds the files of the index. */
async function checkArchive(run: VerifyRun, { id }: IndexedEcosystem): Promise<void> {
  const { commitId: at, bytes } = await packIndex(run.app, id)
  const { files } = await inspectArchive(once(bytes), UNLIMITED)
  const packed = new Map(files.map(({ path, digest }) => [path, digest]))
  let wrong = 0
  for await (const rows of everyFile(run.app.database.db, id)) {
    for (const { path, text } of rows) if (packed.get(path) !== digestOf(Buffer.from(text))) wrong++
  }
  const state = await findIndexState(run.app.database.db, id)
  if (wrong === 0 || state?.commitId !== at) return
  const detail = `${wrong} files are not those of the index`
  run.report({ kind: 'index_archive', subject: `archive of the ${id} index`, detail })
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
