import type { App } from '#core/app.ts'
import type { Db } from '#core/db/schema.ts'
import type { IndexedPackage, IndexedRelease, IndexFacts, IndexFile } from '#core/ecosystem.ts'
import type { IndexedEcosystem } from './index-state.ts'

/** A file as the database says that it should be. */
export interface RenderedFile extends IndexFile {
  /** Null: about no package. */
  readonly packageId: number | null
}

/** What came of packages: files, and those of which none can be made. */
export interface Rendered {
  readonly files: readonly RenderedFile[]
  readonly failed: ReadonlySet<number>
}

/** Packages that are looked up by one query. */
const BATCH = 500
const MAX_PATH_CHARS = 500
/** Nothing that a checkout, an archive or a URL could take for something else. */
const PATH = /^[\w-][\w.+-]*(?:\/[\w-][\w.+-]*)*$/

/** The files that are about no package. */
export function renderRoot({ index }: IndexedEcosystem, facts: IndexFacts): RenderedFile[] {
  return index.rootFiles(facts).map((file) => ({ ...checkFile(file), packageId: null }))
}

/**
 * The files of packages: of those that are there and everybody may read. One that cannot be rendered
 * must not take the others along: it is said in the log.
 */
export async function renderPackages(
  app: App,
  db: Db,
  ecosystem: IndexedEcosystem,
  { ids, facts }: { ids: readonly number[]; facts: IndexFacts },
): Promise<Rendered> {
  const files: RenderedFile[] = []
  const failed = new Set<number>()
  for (let at = 0; at < ids.length; at += BATCH) {
    const found = await readPackages(db, ecosystem.id, ids.slice(at, at + BATCH))
    for (const [packageId, of] of found) {
      try {
        const file = checkFile(ecosystem.index.packageFile(of, facts))
        if (file.text !== '') files.push({ ...file, packageId })
      } catch (error) {
        failed.add(packageId)
        app.log.error({ err: error, package: of.path }, 'a package is missing in the index')
      }
    }
  }
  return { files, failed }
}

function checkFile({ path, text }: IndexFile): IndexFile {
  if (!PATH.test(path) || path.length > MAX_PATH_CHARS) {
    throw new Error(`not a path in an index: ${path.slice(0, 100)}`)
  }
  if (text.includes('\0') || !text.isWellFormed()) throw new Error(`${path}: not text`)
  return { path, text }
}

/** Packages that everybody may read, with their releases. */
async function readPackages(
  db: Db,
  ecosystem: string,
  ids: readonly number[],
): Promise<Map<number, IndexedPackage>> {
  const rows = await db
    .selectFrom('packages')
    .innerJoin('namespaces', 'namespaces.id', 'packages.namespaceId')
    .leftJoin('releases', 'releases.packageId', 'packages.id')
    .select(['packages.id', 'packages.path', 'packages.name', 'packages.spelling'])
    .select(['packages.deprecation', 'releases.version', 'releases.digest', 'releases.metadata'])
    .select(['releases.yankedAt', 'releases.removedAt', 'releases.deprecation as note'])
    .where('packages.id', 'in', ids)
    .where('packages.ecosystem', '=', ecosystem)
    .where('packages.visibility', '=', 'public')
    .where('namespaces.status', '=', 'active')
    .orderBy('packages.id')
    .orderBy('releases.id')
    .execute()
  const found = new Map<number, IndexedPackage & { readonly releases: IndexedRelease[] }>()
  for (const { id, path, name, spelling, deprecation, ...release } of rows) {
    const of = found.get(id) ?? { path, name, spelling, deprecation, releases: [] }
    found.set(id, of)
    const { version, digest, metadata, yankedAt, removedAt, note } = release
    if (version === null || digest === null || metadata === null) continue
    of.releases.push({
      version,
      digest,
      metadata: JSON.parse(metadata) as IndexedRelease['metadata'],
      isYanked: yankedAt !== null,
      isRemoved: removedAt !== null,
      deprecation: note,
    })
  }
  return found
}
