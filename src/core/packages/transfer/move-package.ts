import { sql } from 'kysely'
import { type App, now } from '#core/app.ts'
import { namespaceTopic, packageTopic, userTopic } from '#core/cache/topics.ts'
import { changed } from '#core/db/change.ts'
import type { Row, Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { noteIndexChange } from '#core/index/index-changes.ts'
import { appendLog } from '#core/log/append.ts'
import { newLogEntry } from '#core/log/new-log-entry.ts'
import { ensureProject } from '#core/namespaces/projects/ensure-project.ts'
import { checkPackageQuota } from '#core/packages/ensure-package.ts'
import { holdPackage } from '#core/packages/lock-package.ts'
import type { Package } from '#core/packages/package.ts'
import { burnUnder } from '#core/releases/burnt-versions.ts'
import { indexPackage } from '#core/search/index-package.ts'
import { checkDestination } from './destination.ts'

/** Rows in one statement. */
const BATCH = 500

interface Move {
  readonly transfer: Row<'transfers'>
  readonly toNamespaceId: number
}

/**
 * Moves a package with all that it has: releases, tags and blobs keep pointing at it, so only the
 * namespace that its blobs count for changes. Both namespaces are locked by the caller.
 */
export async function movePackage(
  app: App,
  tx: Tx,
  { transfer, toNamespaceId }: Move,
): Promise<Pick<Package, 'path' | 'visibility'>> {
  const moving = await getMoving(tx, transfer)
  await holdPackage(app, tx, moving)
  const { id, ecosystem, namespaceId } = moving
  const target = await tx
    .selectFrom('namespaces')
    .select(['id', 'name', 'status'])
    .where('id', '=', toNamespaceId)
    .executeTakeFirstOrThrow()
  const { path, foldedPath, project } = await checkDestination(app, tx, moving, target)
  await checkPackageQuota(app, tx, toNamespaceId)
  const place = { namespaceId: toNamespaceId, name: project }
  const { id: projectId } = await ensureProject(app, tx, place)
  await moveBytes(tx, moving, target)
  await tx
    .updateTable('packages')
    .set({ namespaceId: toNamespaceId, projectId, path, foldedPath, updatedAt: now(app) })
    .set({ spelling: null })
    .where('id', '=', id)
    .execute()
  await tx
    .updateTable('uploads')
    .set({ namespaceId: toNamespaceId })
    .where('packageId', '=', id)
    .execute()
  await burnUnder(tx, { id, ecosystem, path })
  await dropOwners(tx, id)
  await logMove(app, tx, { id, ecosystem, path, visibility: moving.visibility })
  await indexPackage(app, tx, id)
  await noteIndexChange(app, tx, moving)
  changed(tx, packageTopic(id), namespaceTopic(namespaceId), namespaceTopic(toNamespaceId))
  return { path, visibility: moving.visibility }
}

async function getMoving(tx: Tx, transfer: Row<'transfers'>): Promise<Package> {
  const row = await tx
    .selectFrom('packages')
    .select(['id', 'ecosystem', 'namespaceId', 'projectId', 'path', 'name', 'visibility'])
    .select(['immutableTags', 'deprecation', 'spelling'])
    .where('id', '=', transfer.packageId)
    .where('namespaceId', '=', transfer.fromNamespaceId)
    .executeTakeFirst()
  if (row) return { ...row, immutableTags: row.immutableTags === 1 }
  throw new RegistryError('conflict', `${transfer.fromPath} is not there any more`)
}

/** Each namespace counts a blob once, however many of its packages have it. */
async function moveBytes(
  tx: Tx,
  { id, namespaceId }: Package,
  target: { id: number; name: string },
): Promise<void> {
  const freed = await bytesOnlyIn(tx, { packageId: id, namespaceId })
  const added = await bytesOnlyIn(tx, { packageId: id, namespaceId: target.id })
  const charged = await tx
    .updateTable('namespaces')
    .set((eb) => ({ usedBytes: eb('usedBytes', '+', added) }))
    .where('id', '=', target.id)
    .where((eb) =>
      eb.or([
        eb('maxBytes', 'is', null),
        eb(eb('usedBytes', '+', added), '<=', eb.ref('maxBytes')),
      ]),
    )
    .executeTakeFirst()
  if (charged.numUpdatedRows === 0n) {
    const message = `namespace ${target.name} has no room for the ${added} bytes of this package`
    throw new RegistryError('quota_exceeded', message)
  }
  await tx
    .updateTable('namespaces')
    .set((eb) => ({ usedBytes: eb('usedBytes', '-', freed) }))
    .where('id', '=', namespaceId)
    .execute()
  await tx
    .updateTable('packageBlobs')
    .set({ namespaceId: target.id })
    .where('packageId', '=', id)
    .execute()
}

/** The bytes of a package's blobs that no other package of a namespace has. */
async function bytesOnlyIn(
  tx: Tx,
  { packageId, namespaceId }: { packageId: number; namespaceId: number },
): Promise<number> {
  const { bytes } = await tx
    .selectFrom('packageBlobs as own')
    .innerJoin('blobs', 'blobs.digest', 'own.digest')
    .select(sql<number>`coalesce(sum(${sql.ref('blobs.size')}), 0)`.as('bytes'))
    .where('own.packageId', '=', packageId)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('packageBlobs as other')
            .select('other.packageId')
            .whereRef('other.digest', '=', 'own.digest')
            .where('other.namespaceId', '=', namespaceId)
            .where('other.packageId', '!=', packageId),
        ),
      ),
    )
    .executeTakeFirstOrThrow()
  // PostgreSQL sums to a numeric, which arrives as text.
  return Number(bytes)
}

/** One entry for the package, and one that proves each release under its new name. */
async function logMove(
  app: App,
  tx: Tx,
  moved: Pick<Package, 'id' | 'ecosystem' | 'path' | 'visibility'>,
): Promise<void> {
  const { ecosystem, path: name } = moved
  await appendLog(app, tx, { event: 'transfer', ecosystem, name, version: '', digest: '' })
  for (let after = 0; ; ) {
    const releases = await tx
      .selectFrom('releases')
      .select(['id', 'version', 'digest', 'removedAt'])
      .where('packageId', '=', moved.id)
      .where('id', '>', after)
      .orderBy('id')
      .limit(BATCH)
      .execute()
    const last = releases.at(-1)
    if (!last) return
    after = last.id
    const entries = releases.map(({ version, digest, removedAt }) => {
      const event = removedAt === null ? 'transfer' : 'remove'
      const facts = { event, ecosystem, name, version, digest } as const
      return newLogEntry(facts, moved.visibility, now(app))
    })
    await tx.insertInto('logEntries').values(entries).execute()
  }
}

/** What the old side granted in this package ends with its ownership. */
async function dropOwners(tx: Tx, packageId: number): Promise<void> {
  const owners = await tx
    .deleteFrom('packageOwners')
    .where('packageId', '=', packageId)
    .returning('userId')
    .execute()
  for (const { userId } of owners) changed(tx, userTopic(userId))
}
