import { systemActor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import { audit } from '#core/audit/audit.ts'
import { namespaceTopic, packageTopic, tokenTopic, userTopic } from '#core/cache/topics.ts'
import { change, changed } from '#core/db/change.ts'
import type { Tx } from '#core/db/schema.ts'
import { noteIndexChange } from '#core/index/index-changes.ts'
import type { JobHandler } from '#core/jobs/job.ts'

/** Rows of one kind in one transaction: small enough that pushes elsewhere hardly wait. */
const BATCH = 200
const PACKAGES_PER_BATCH = 20

/**
 * Takes a terminating namespace apart, a small transaction at a time, and its row last, so that it
 * can stop anywhere and go on. Blobs stay for collection. A push that was under way when the
 * namespace ended may still add a package: then the last step fails and the job runs again.
 */
export const deleteNamespaceJob: JobHandler = {
  kind: 'namespace.delete',
  async run(app, payload, { signal }) {
    const namespaceId = idOf(payload)
    if (!(await isTerminating(app, namespaceId))) return
    for (const step of [deleteUploads, deletePackages, deleteProjects]) {
      while (await step(app, namespaceId)) signal.throwIfAborted()
    }
    await deleteRow(app, namespaceId)
  },
}

function idOf(payload: unknown): number {
  if (typeof payload === 'object' && payload !== null && 'namespaceId' in payload) {
    if (Number.isSafeInteger(payload.namespaceId)) return Number(payload.namespaceId)
  }
  throw new Error('the job does not say which namespace')
}

/** False also when an earlier run finished: there is nothing left to do. */
async function isTerminating(app: App, id: number): Promise<boolean> {
  const row = await app.database.db
    .selectFrom('namespaces')
    .select('id')
    .where('id', '=', id)
    .where('status', '=', 'terminating')
    .executeTakeFirst()
  return row !== undefined
}

/** The steps answer whether there may be more to do. */
function deleteUploads(app: App, namespaceId: number): Promise<boolean> {
  return change(app, async (tx) => {
    const { numDeletedRows } = await tx
      .deleteFrom('uploads')
      .where('id', 'in', (eb) =>
        eb.selectFrom('uploads').select('id').where('namespaceId', '=', namespaceId).limit(BATCH),
      )
      .executeTakeFirst()
    return numDeletedRows > 0n
  })
}

function deletePackages(app: App, namespaceId: number): Promise<boolean> {
  return change(app, async (tx) => {
    const packages = await tx
      .selectFrom('packages')
      .select(['id', 'ecosystem'])
      .where('namespaceId', '=', namespaceId)
      .orderBy('id')
      .limit(PACKAGES_PER_BATCH)
      .execute()
    for (const { id, ecosystem } of packages) {
      changed(tx, packageTopic(id))
      await noteIndexChange(app, tx, { id, ecosystem })
      if (!(await isEmptied(tx, id))) break
      await tx.deleteFrom('packages').where('id', '=', id).execute()
    }
    return packages.length > 0
  })
}

/** Deletes a batch of each kind; false when there is more. Tags before releases before blobs. */
async function isEmptied(tx: Tx, packageId: number): Promise<boolean> {
  const tags = await tx
    .deleteFrom('tags')
    .where('packageId', '=', packageId)
    .where('name', 'in', (eb) =>
      eb.selectFrom('tags').select('name').where('packageId', '=', packageId).limit(BATCH),
    )
    .executeTakeFirst()
  if (tags.numDeletedRows >= BATCH) return false
  const releases = await tx
    .deleteFrom('releases')
    .where('id', 'in', (eb) =>
      eb.selectFrom('releases').select('id').where('packageId', '=', packageId).limit(BATCH),
    )
    .executeTakeFirst()
  if (releases.numDeletedRows >= BATCH) return false
  const links = await tx
    .deleteFrom('packageBlobs')
    .where('packageId', '=', packageId)
    .where('digest', 'in', (eb) =>
      eb
        .selectFrom('packageBlobs')
        .select('digest')
        .where('packageId', '=', packageId)
        .limit(BATCH),
    )
    .executeTakeFirst()
  return links.numDeletedRows < BATCH
}

function deleteProjects(app: App, namespaceId: number): Promise<boolean> {
  return change(app, async (tx) => {
    const { numDeletedRows } = await tx
      .deleteFrom('projects')
      .where('id', 'in', (eb) =>
        eb.selectFrom('projects').select('id').where('namespaceId', '=', namespaceId).limit(BATCH),
      )
      .executeTakeFirst()
    return numDeletedRows > 0n
  })
}

async function deleteRow(app: App, id: number): Promise<void> {
  await change(app, async (tx) => {
    const members = await tx
      .deleteFrom('members')
      .where('namespaceId', '=', id)
      .returning('userId')
      .execute()
    const tokens = await tx
      .deleteFrom('tokens')
      .where('namespaceId', '=', id)
      .returning('id')
      .execute()
    const row = await tx
      .deleteFrom('namespaces')
      .where('id', '=', id)
      .returning('name')
      .executeTakeFirst()
    if (!row) return
    await audit(app, tx, systemActor('job'), {
      action: 'namespace.purge',
      subject: `namespace:${row.name}`,
      namespaceId: id,
    })
    changed(tx, namespaceTopic(id))
    for (const { userId } of members) changed(tx, userTopic(userId))
    for (const { id: tokenId } of tokens) changed(tx, tokenTopic(tokenId))
  })
}
