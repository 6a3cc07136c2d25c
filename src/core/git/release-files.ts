import type { App } from '#core/app.ts'
import type { Package } from '#core/packages/package.ts'

/** Where the bytes of a release's file are. */
export interface StoredFile {
  readonly digest: string
  readonly size: number
  readonly locator: string
}

/** A release, and its files by role. */
export interface ReleaseFiles {
  readonly version: string
  readonly files: ReadonlyMap<string, StoredFile>
}

/** The files of these versions of a package; those that were removed are left out. */
export async function listReleaseFiles(
  app: App,
  from: Package,
  versions: readonly string[],
): Promise<ReleaseFiles[]> {
  if (versions.length === 0) return []
  const rows = await app.database.db
    .selectFrom('releases')
    .innerJoin('releaseFiles', 'releaseFiles.releaseId', 'releases.id')
    .innerJoin('blobs', 'blobs.digest', 'releaseFiles.digest')
    .select([
      'releases.version',
      'releaseFiles.role',
      'blobs.digest',
      'blobs.size',
      'blobs.locator',
    ])
    .where('releases.packageId', '=', from.id)
    .where('releases.removedAt', 'is', null)
    .where('releases.version', 'in', versions)
    .execute()
  const found = new Map<string, Map<string, StoredFile>>()
  for (const { version, role, ...file } of rows) {
    const files = found.get(version) ?? new Map()
    found.set(version, files.set(role, file))
  }
  return versions.flatMap((version) => {
    const files = found.get(version)
    return files ? [{ version, files }] : []
  })
}
