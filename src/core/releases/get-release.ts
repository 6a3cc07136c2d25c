import type { App } from '#core/app.ts'
import { isDigest } from '#core/blobs/digest.ts'
import { RegistryError } from '#core/errors.ts'
import type { Package } from '#core/packages/package.ts'
import { releaseGone } from './lock-release.ts'

/** A release and where the bytes are that it is. */
export interface Release {
  readonly id: number
  readonly version: string
  readonly digest: string
  readonly mediaType: string
  readonly size: number
  readonly kind: string
  readonly subject: string | null
  readonly metadata: Readonly<Record<string, unknown>>
  readonly locator: string
  readonly createdAt: number
  readonly yankedAt: number | null
  readonly yankReason: string | null
  /** Why nobody should use it any more, or null. */
  readonly deprecation: string | null
}

/** A release by version, digest or tag. The caller has checked that the package may be read. */
export async function getRelease(app: App, from: Package, reference: string): Promise<Release> {
  const found = await findRelease(app, from, reference)
  if (found) return found
  await refuseRemoved(app, from, reference)
  throw new RegistryError('release_unknown', `${from.path} has no ${reference}`)
}

async function refuseRemoved(app: App, from: Package, version: string): Promise<void> {
  const tombstone = await app.database.db
    .selectFrom('releases')
    .select('removedAt')
    .where('packageId', '=', from.id)
    .where('version', '=', version)
    .where('removedAt', 'is not', null)
    .executeTakeFirst()
  if (tombstone) throw releaseGone(from, version)
}

/** A release by version, digest or tag, if it is there and was not removed. */
export async function findRelease(
  app: App,
  from: Package,
  reference: string,
): Promise<Release | undefined> {
  let query = app.database.db
    .selectFrom('releases')
    .innerJoin('blobs', 'blobs.digest', 'releases.digest')
    .select([
      'releases.id',
      'releases.version',
      'releases.digest',
      'releases.mediaType',
      'releases.size',
      'releases.kind',
      'releases.subject',
      'releases.metadata',
      'releases.createdAt',
      'releases.yankedAt',
      'releases.yankReason',
      'releases.deprecation',
      'blobs.locator',
    ])
    .where('releases.removedAt', 'is', null)
  query = isDigest(reference)
    ? query.where('releases.packageId', '=', from.id).where('releases.version', '=', reference)
    : query
        .innerJoin('tags', 'tags.releaseId', 'releases.id')
        .where('tags.packageId', '=', from.id)
        .where('tags.name', '=', reference)
  const row = await query.executeTakeFirst()
  return row && { ...row, metadata: JSON.parse(row.metadata) }
}

/** The bytes that a release is. */
export async function readRelease(
  app: App,
  release: Pick<Release, 'locator' | 'size' | 'digest'>,
): Promise<Uint8Array> {
  const blob = await app.blobs.open(release.locator)
  const bytes = new Uint8Array(release.size)
  let at = 0
  for await (const chunk of blob.stream()) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  if (at !== release.size) throw new Error(`${release.digest} is cut off in the blob store`)
  return bytes
}
