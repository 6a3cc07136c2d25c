import type { App } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import type { Package } from '#core/packages/package.ts'
import { releaseGone } from './lock-release.ts'

/** A file that a release is made of, and where its bytes are. */
export interface LocatedFile {
  readonly releaseId: number
  readonly digest: string
  readonly mediaType: string
  readonly size: number
  readonly locator: string
}

/**
 * The file of a role in a version. The caller has checked that the package may be read. Throws
 * `gone` for a version that was removed, `not_found` when it has no such file.
 */
export async function getReleaseFile(
  app: App,
  from: Package,
  { version, role }: { version: string; role: string },
): Promise<LocatedFile> {
  const { db } = app.database
  const release = await db
    .selectFrom('releases')
    .select(['id', 'removedAt'])
    .where('packageId', '=', from.id)
    .where('version', '=', version)
    .executeTakeFirst()
  if (!release) throw new RegistryError('release_unknown', `${from.path} has no ${version}`)
  if (release.removedAt !== null) throw releaseGone(from, version)
  const file = await db
    .selectFrom('releaseFiles')
    .innerJoin('blobs', 'blobs.digest', 'releaseFiles.digest')
    .select(['releaseFiles.digest', 'releaseFiles.mediaType', 'blobs.size', 'blobs.locator'])
    .where('releaseFiles.releaseId', '=', release.id)
    .where('releaseFiles.role', '=', role)
    .limit(1)
    .executeTakeFirst()
  if (file) return { releaseId: release.id, ...file }
  throw new RegistryError('not_found', `${from.path} ${version} has no ${role}`)
}
