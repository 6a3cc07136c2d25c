import type { Actor } from '#core/access/actor.ts'
import { authorize, authorizeOperator } from '#core/access/can.ts'
import { type App, now } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { packageTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { isSameLabels, type Labels } from '#core/namespaces/labels.ts'
import { ensurePackage } from './ensure-package.ts'
import {
  type Package,
  type PackageRef,
  packageUnknown,
  resourceOf,
  selectPackage,
} from './package.ts'
import { readPackageLabels, writePackageLabels } from './package-labels.ts'

/** What a package is to be; what is left out stays as it is. */
export interface PackageWish {
  /** What its releases are; fixed once there is one. */
  readonly contentType?: string | undefined
  readonly consumerLabels?: Labels | undefined
  /** Operators only. */
  readonly providerLabels?: Labels | undefined
  /** Admins only. */
  readonly immutableTags?: boolean | undefined
}

/** Makes a package without any release, or changes what is noted about one. */
export async function savePackage(
  app: App,
  actor: Actor,
  ref: PackageRef,
  wanted: PackageWish,
): Promise<{ isNew: boolean }> {
  return await change(app, async (tx) => {
    const isNew = (await selectPackage(tx, ref)) === undefined
    const target = await ensurePackage(app, tx, actor, ref)
    const set = await differences(app, tx, target, wanted)
    if (Object.keys(set).length === 0) return { isNew }
    if (set.hasOtherProviderLabels) authorizeOperator(actor)
    if (set.immutableTags !== undefined) {
      authorize(actor, 'manage', resourceOf(target), () => packageUnknown(ref))
    }
    const { hasOtherProviderLabels: _, ...columns } = set
    await tx
      .updateTable('packages')
      .set({ ...columns, updatedAt: now(app) })
      .where('id', '=', target.id)
      .execute()
    await audit(app, tx, actor, {
      action: 'package.update',
      subject: `package:${target.ecosystem}:${target.path}`,
      namespaceId: target.namespaceId,
      detail: { ...wanted },
    })
    changed(tx, packageTopic(target.id))
    return { isNew }
  })
}

interface Differences {
  contentType?: string
  labels?: string
  hasOtherProviderLabels?: true
  immutableTags?: 0 | 1
}

async function differences(
  app: App,
  tx: Tx,
  target: Package,
  wanted: PackageWish,
): Promise<Differences> {
  const row = await app.database.dialect
    .lock(
      tx
        .selectFrom('packages')
        .select(['contentType', 'labels', 'immutableTags'])
        .where('id', '=', target.id),
    )
    .executeTakeFirstOrThrow()
  const set: Differences = {}
  if (wanted.contentType !== undefined && wanted.contentType !== row.contentType) {
    if (row.contentType !== '') await requireNoRelease(tx, target)
    set.contentType = wanted.contentType
  }
  const before = readPackageLabels(row.labels)
  const labels = {
    consumerLabels: wanted.consumerLabels ?? before.consumerLabels,
    providerLabels: wanted.providerLabels ?? before.providerLabels,
  }
  const isOtherProvider = !isSameLabels(labels.providerLabels, before.providerLabels)
  if (isOtherProvider) set.hasOtherProviderLabels = true
  if (isOtherProvider || !isSameLabels(labels.consumerLabels, before.consumerLabels)) {
    set.labels = writePackageLabels(labels)
  }
  const flag = wanted.immutableTags ? 1 : 0
  if (wanted.immutableTags !== undefined && flag !== row.immutableTags) set.immutableTags = flag
  return set
}

async function requireNoRelease(tx: Tx, target: Package): Promise<void> {
  const release = await tx
    .selectFrom('releases')
    .select('id')
    .where('packageId', '=', target.id)
    .limit(1)
    .executeTakeFirst()
  if (!release) return
  throw new RegistryError('conflict', `${target.path} has releases: its content type is fixed`)
}
