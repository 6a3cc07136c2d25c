import type { App } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import type { Package } from '#core/packages/package.ts'
import { releaseGone } from './lock-release.ts'

/** A release of an ecosystem whose releases are called by versions. */
export interface Version {
  readonly id: number
  readonly version: string
  readonly digest: string
  readonly mediaType: string
  readonly size: number
  readonly metadata: Readonly<Record<string, unknown>>
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly yankedAt: number | null
  readonly yankReason: string | null
  /** Why nobody should use it any more, or null; the package's word where it has none of its own. */
  readonly deprecation: { readonly message: string; readonly at: number } | null
}

/** Every version of a package that was not removed, newest first. The caller has checked that it may be read. */
export async function listVersions(app: App, from: Package): Promise<Version[]> {
  const rows = await selectVersions(app, from)
    .where('releases.removedAt', 'is', null)
    .orderBy('releases.id', 'desc')
    .execute()
  return rows.map(toVersion)
}

/** A version that can be had, by its number: without metadata, which may be a hundred times as long. */
export type VersionNumber = Pick<Version, 'version' | 'yankedAt'>

/** The same as `listVersions`, for who needs no more than the numbers. */
export async function listVersionNumbers(app: App, from: Package): Promise<VersionNumber[]> {
  return await app.database.db
    .selectFrom('releases')
    .select(['version', 'yankedAt'])
    .where('packageId', '=', from.id)
    .where('removedAt', 'is', null)
    .orderBy('id', 'desc')
    .execute()
}

/**
 * A version and where its bytes are. The caller has checked that the package may be read. Throws
 * `gone` for one that was removed.
 */
export async function getVersion(
  app: App,
  from: Package,
  version: string,
): Promise<Version & { readonly locator: string }> {
  const row = await selectVersions(app, from)
    .leftJoin('blobs', 'blobs.digest', 'releases.digest')
    .select(['releases.removedAt', 'blobs.locator'])
    .where('releases.version', '=', version)
    .executeTakeFirst()
  if (!row) throw new RegistryError('release_unknown', `${from.path} has no ${version}`)
  const { locator } = row
  if (row.removedAt !== null || locator === null) throw releaseGone(from, version)
  return { ...toVersion(row), locator }
}

function selectVersions(app: App, from: Package) {
  return app.database.db
    .selectFrom('releases')
    .innerJoin('packages', 'packages.id', 'releases.packageId')
    .select(['releases.id', 'releases.version', 'releases.digest', 'releases.mediaType'])
    .select(['releases.size', 'releases.metadata', 'releases.createdAt'])
    .select(['releases.yankedAt', 'releases.yankReason'])
    .select(['releases.deprecation', 'releases.deprecatedAt'])
    .select(['packages.deprecation as packageDeprecation'])
    .select(['packages.deprecatedAt as packageDeprecatedAt'])
    .where('releases.packageId', '=', from.id)
}

type Row = Awaited<ReturnType<ReturnType<typeof selectVersions>['executeTakeFirstOrThrow']>>

function toVersion(row: Row): Version {
  const { id, version, digest, mediaType, size, createdAt, yankedAt, yankReason } = row
  const own = noteOf(row.deprecation, row.deprecatedAt)
  return {
    id,
    version,
    digest,
    mediaType,
    size,
    metadata: JSON.parse(row.metadata),
    createdAt,
    yankedAt,
    yankReason,
    deprecation: own ?? noteOf(row.packageDeprecation, row.packageDeprecatedAt),
  }
}

function noteOf(message: string | null, at: number | null): Version['deprecation'] {
  return message === null ? null : { message, at: at ?? 0 }
}
