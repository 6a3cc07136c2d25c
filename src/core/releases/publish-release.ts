import type { Actor } from '#core/access/actor.ts'
import { can } from '#core/access/can.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { packageTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { noteIndexChange } from '#core/index/index-changes.ts'
import { claimNamespace } from '#core/namespaces/claim-namespace.ts'
import { ensurePackage } from '#core/packages/ensure-package.ts'
import { packageMoved } from '#core/packages/lock-package.ts'
import { addFirstOwner } from '#core/packages/owners/add-first-owner.ts'
import {
  findPackage,
  type Package,
  type PackageRef,
  resourceOf,
  selectPackage,
} from '#core/packages/package.ts'
import { indexPackage } from '#core/search/index-package.ts'
import { insertRelease } from './insert-release.ts'
import type { NewRelease, ReleaseFile } from './new-release.ts'
import { refuseEqualVersion } from './refuse-equal-version.ts'
import { setTag } from './set-tag.ts'
import { dropStored, linkStored, type StoredRelease, storeRelease } from './store-release.ts'

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
  const { isPrivate = false, ownsNewPackage = false, precedence } = release
  const isNew = ownsNewPackage && !(await selectPackage(tx, ref))
  const target = await ensurePackage(app, tx, actor, {
    ...ref,
    ...(isPrivate && { visibility: 'private' }),
  })
  if (isPrivate && target.visibility !== 'private') throw packageIsPublic(target)
  const { namespaceId } = target
  if (isNew) await addFirstOwner(app, tx, actor, target)
  await requireFiles(app, tx, target, release.files)
  const size = await linkStored(app, tx, target, { release, stored })
  const files = [...stored.attached.map(({ stored: _, ...file }) => file), ...release.files]
  if (precedence !== undefined) {
    await refuseEqualVersion(app, tx, target, { version: release.version, precedence })
  }
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
  await noteIndexChange(app, tx, target)
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

function packageIsPublic({ path }: Package): RegistryError {
  return new RegistryError(
    'conflict',
    `${path} is public, and this release says that it is private: an admin makes the package private`,
  )
}
