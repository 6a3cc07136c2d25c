import type { Actor } from '#core/access/actor.ts'
import { can } from '#core/access/can.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { packageTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { appendLog } from '#core/log/append.ts'
import { claimNamespace } from '#core/namespaces/claim-namespace.ts'
import { ensurePackage } from '#core/packages/ensure-package.ts'
import { packageMoved } from '#core/packages/lock-package.ts'
import { findPackage, type Package, type PackageRef, resourceOf } from '#core/packages/package.ts'
import { indexPackage } from '#core/search/index-package.ts'
import { setTag } from './set-tag.ts'
import {
  type AttachedFile,
  dropStored,
  linkStored,
  type StoredRelease,
  storeRelease,
} from './store-release.ts'

/** One statement takes 65,535 parameters on PostgreSQL, half of that on SQLite; a row has seven. */
const MAX_INSERTED_ROWS = 1_000

/** A blob that a release is made of. */
export interface ReleaseFile {
  readonly role: string
  readonly digest: string
  readonly mediaType: string
  readonly size: number
}

/** A release as its ecosystem's inspection understood it. */
export interface NewRelease {
  readonly version: string
  /** The file that is the release; without its bytes the package must have that blob already. */
  readonly bytes?: Uint8Array
  /** The same, where the bytes are in the blob store already, as a part that this uses up. */
  readonly partId?: string
  /** What that file is among the release's files; 'manifest' when missing. */
  readonly role?: string
  readonly digest: string
  readonly mediaType: string
  readonly kind: string
  readonly subject?: string
  readonly metadata: Readonly<Record<string, unknown>>
  /** What the package must have already. */
  readonly files: readonly ReleaseFile[]
  /** What is stored together with it. */
  readonly attached?: readonly AttachedFile[]
  readonly tags: readonly string[]
  /** Refuses a version that is there, also with the same content. */
  readonly mustBeNew?: boolean
  /** A namespace that nobody has becomes the publisher's; see claimNamespace. */
  readonly claimsNamespace?: boolean
}

/**
 * Publishes a release: authorize → store its bytes → record everything in one transaction.
 * Publishing the same version with the same bytes again only moves the tags.
 */
export async function publishRelease(
  app: App,
  actor: Actor,
  ref: PackageRef,
  release: NewRelease,
): Promise<Package> {
  // Who brings a part asked before it was taken.
  if (release.partId === undefined) await mayPublish(app, actor, ref)
  const stored = await storeRelease(app, release)
  try {
    return await change(app, (tx) => record(app, tx, actor, { ref, release, stored }))
  } catch (error) {
    // Only after a clear refusal: after a lost connection the commit may have happened.
    const isRefused = error instanceof RegistryError && error.status < 500
    if (isRefused) await dropStored(app, stored)
    throw error
  }
}

/**
 * Refuses before anything is stored; the transaction decides again. A new package is only tried:
 * what is refused later must not have made one.
 */
export async function mayPublish(
  app: App,
  actor: Actor,
  ref: PackageRef,
  { claimsNamespace = false }: Pick<NewRelease, 'claimsNamespace'> = {},
): Promise<void> {
  const known = await findPackage(app, ref)
  if (known && can(actor, 'publish', resourceOf(known))) return
  const tried = new Error('rolled back on purpose')
  try {
    await change(app, async (tx) => {
      const publisher = claimsNamespace
        ? await claimNamespace(app, tx, actor, ref.namespace)
        : actor
      await ensurePackage(app, tx, publisher, ref)
      throw tried
    })
  } catch (error) {
    if (error !== tried) throw error
  }
}

interface Recording {
  readonly ref: PackageRef
  readonly release: NewRelease
  readonly stored: StoredRelease
}

async function record(app: App, tx: Tx, asking: Actor, recording: Recording): Promise<Package> {
  const { ref, release, stored } = recording
  const actor = release.claimsNamespace
    ? await claimNamespace(app, tx, asking, ref.namespace)
    : asking
  const target = await ensurePackage(app, tx, actor, ref)
  const { namespaceId } = target
  await requireFiles(app, tx, target, release.files)
  const size = await linkStored(app, tx, target, { release, stored })
  const files = [...stored.attached.map(({ stored: _, ...file }) => file), ...release.files]
  const releaseId = await insertRelease(app, tx, actor, {
    target,
    release: { ...release, files },
    size,
  })
  for (const tag of release.tags) await setTag(app, tx, target, { name: tag, releaseId })
  // Last, and only where it was found: it may have moved to others meanwhile.
  const noted = await tx
    .updateTable('packages')
    .set({ updatedAt: now(app) })
    .where('id', '=', target.id)
    .where('namespaceId', '=', namespaceId)
    .executeTakeFirst()
  if (noted.numUpdatedRows === 0n) throw packageMoved(target.path)
  await indexPackage(app, tx, target.id)
  await audit(app, tx, actor, {
    action: 'release.publish',
    subject: `package:${target.ecosystem}:${target.path}`,
    namespaceId,
    detail: { version: release.version, digest: release.digest, tags: release.tags },
  })
  changed(tx, packageTopic(target.id))
  return target
}

/** Every file must be in the package; touching the links keeps collection away until commit. */
async function requireFiles(
  app: App,
  tx: Tx,
  target: Package,
  files: readonly ReleaseFile[],
): Promise<void> {
  if (files.length === 0) return
  const digests = [...new Set(files.map((file) => file.digest))]
  const linked = await tx
    .updateTable('packageBlobs')
    .set({ linkedAt: now(app) })
    .where('packageId', '=', target.id)
    .where('digest', 'in', digests)
    .returning('digest')
    .execute()
  const present = new Set(linked.map((row) => row.digest))
  const missing = digests.filter((digest) => !present.has(digest))
  if (missing.length > 0) {
    throw new RegistryError(
      'manifest_blob_unknown',
      `${target.path} has no blob ${missing.slice(0, 5).join(', ')}`,
      { details: { digests: missing } },
    )
  }
  const blobs = await tx
    .selectFrom('blobs')
    .select(['digest', 'size'])
    .where('digest', 'in', digests)
    .execute()
  const sizes = new Map(blobs.map((row) => [row.digest, row.size]))
  const wrong = files.find((file) => sizes.get(file.digest) !== file.size)
  if (wrong) {
    throw new RegistryError(
      'size_invalid',
      `${wrong.digest} is ${sizes.get(wrong.digest)} bytes, not ${wrong.size}`,
    )
  }
}

async function insertRelease(
  app: App,
  tx: Tx,
  actor: Actor,
  { target, release, size }: { target: Package; release: NewRelease; size: number },
): Promise<number> {
  const inserted = await tx
    .insertInto('releases')
    .values({
      packageId: target.id,
      version: release.version,
      digest: release.digest,
      mediaType: release.mediaType,
      size,
      kind: release.kind,
      subject: release.subject ?? null,
      metadata: JSON.stringify(release.metadata),
      yankedAt: null,
      createdAt: now(app),
      createdBy: actor.name,
    })
    .onConflict((conflict) => conflict.columns(['packageId', 'version']).doNothing())
    .returning('id')
    .executeTakeFirst()
  if (!inserted) return getSameRelease(tx, target, release)
  const { role = 'manifest' } = release
  const own = { role, digest: release.digest, mediaType: release.mediaType, size }
  const rows = [own, ...release.files].map((file, position) => ({
    ...file,
    position,
    releaseId: inserted.id,
    packageId: target.id,
  }))
  for (let at = 0; at < rows.length; at += MAX_INSERTED_ROWS) {
    const some = rows.slice(at, at + MAX_INSERTED_ROWS)
    await tx.insertInto('releaseFiles').values(some).execute()
  }
  const { ecosystem, path: name } = target
  const { version, digest } = release
  await appendLog(app, tx, { event: 'publish', ecosystem, name, version, digest })
  return inserted.id
}

/** A version is never replaced: the same bytes are fine, others are a conflict. */
async function getSameRelease(tx: Tx, target: Package, release: NewRelease): Promise<number> {
  const existing = await tx
    .selectFrom('releases')
    .select(['id', 'digest', 'removedAt'])
    .where('packageId', '=', target.id)
    .where('version', '=', release.version)
    .executeTakeFirstOrThrow()
  if (existing.removedAt !== null) {
    const message = `${target.path} ${release.version} was removed for good, and never comes again`
    throw new RegistryError('conflict', message)
  }
  if (release.mustBeNew) {
    throw new RegistryError('conflict', `${target.path} ${release.version} exists already`, {
      details: { reason: 'version_exists' },
    })
  }
  if (existing.digest === release.digest) return existing.id
  throw new RegistryError('conflict', `${target.path} ${release.version} exists with other content`)
}
