import { sql } from 'kysely'
import { type App, now } from '#core/app.ts'
import { afterCommit } from '#core/db/change.ts'
import { prepared } from '#core/db/prepared.ts'
import type { Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import type { StoredBlob } from './store.ts'

/** A blob as one package has it. */
export interface BlobLink {
  readonly packageId: number
  readonly namespaceId: number
  readonly digest: string
  readonly size: number
}

/** Records bytes that the store holds, and lets a package have them. */
export async function addBlob(app: App, tx: Tx, link: BlobLink, stored: StoredBlob): Promise<void> {
  if (!(await adoptBlob(app, tx, link.digest, stored))) return linkBlob(app, tx, link)
  // A blob that is new to the registry is new to the namespace and the package: nothing to look up.
  await chargeNamespace(tx, link)
  await insertLink(app, tx, link)
}

/** Lets a package have a blob; counts it once per namespace, and refuses what the quota forbids. */
export async function linkBlob(app: App, tx: Tx, link: BlobLink): Promise<void> {
  const touched = await tx
    .updateTable('packageBlobs')
    .set({ linkedAt: now(app) })
    .where('packageId', '=', link.packageId)
    .where('digest', '=', link.digest)
    .executeTakeFirst()
  if (touched.numUpdatedRows > 0n) return
  await lockNamespace(app, tx, link.namespaceId)
  if (!(await namespaceHas(tx, link))) await chargeNamespace(tx, link)
  await insertLink(app, tx, link)
}

/** Answers false when the registry already had these bytes: the new copy then goes. */
async function adoptBlob(app: App, tx: Tx, digest: string, stored: StoredBlob): Promise<boolean> {
  const { size, locator } = stored
  const inserted = await insertBlob(tx, { digest, size, locator, at: now(app) })
  if (inserted.affected === 1n) return true
  afterCommit(tx, () => {
    // A copy that stays behind is an orphan, and collected as one.
    app.blobs.delete(stored.locator).catch((error: unknown) => {
      app.log.warn({ err: error, locator: stored.locator }, 'a duplicate blob was not deleted')
    })
  })
  return false
}

async function insertLink(app: App, tx: Tx, link: BlobLink): Promise<void> {
  const { packageId, namespaceId, digest } = link
  // The namespace's row is locked: if the package is there now, it stays until the end.
  const { affected } = await insertPackageBlob(tx, { packageId, namespaceId, digest, at: now(app) })
  if (affected === 0n) await requireLinked(tx, link)
}

/** Nothing was inserted: somebody else linked it first, or the package is not there any more. */
async function requireLinked(tx: Tx, { packageId, namespaceId, digest }: BlobLink): Promise<void> {
  const found = await tx
    .selectFrom('packageBlobs')
    .select('digest')
    .where('packageId', '=', packageId)
    .where('namespaceId', '=', namespaceId)
    .where('digest', '=', digest)
    .executeTakeFirst()
  if (found) return
  throw new RegistryError('conflict', 'the package was moved or deleted meanwhile: look again')
}

/** Adds to what the namespace uses, if its quota allows; holds its row until the transaction ends. */
async function chargeNamespace(tx: Tx, { namespaceId, size }: BlobLink): Promise<void> {
  const charged = await addToUsedBytes(tx, { namespaceId, size })
  if (charged.affected === 0n) throw await whyNotCharged(tx, namespaceId, size)
}

async function whyNotCharged(tx: Tx, id: number, size: number): Promise<RegistryError> {
  const { name, status, usedBytes, maxBytes } = await tx
    .selectFrom('namespaces')
    .select(['name', 'status', 'usedBytes', 'maxBytes'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  if (status === 'terminating') {
    return new RegistryError('namespace_terminating', `namespace ${name} is being deleted`)
  }
  return new RegistryError(
    'quota_exceeded',
    `namespace ${name} may hold ${maxBytes} bytes, has ${usedBytes}, and this adds ${size}`,
  )
}

/** Takes a blob from a package; fails with a foreign key violation while a release names it. */
export async function unlinkBlob(app: App, tx: Tx, link: BlobLink): Promise<void> {
  const namespace = await lockNamespace(app, tx, link.namespaceId)
  const deleted = await tx
    .deleteFrom('packageBlobs')
    .where('packageId', '=', link.packageId)
    .where('digest', '=', link.digest)
    // A package that moved takes its links along: they count elsewhere now.
    .where('namespaceId', '=', link.namespaceId)
    .executeTakeFirst()
  if (deleted.numDeletedRows === 0n || (await namespaceHas(tx, link))) return
  await tx
    .updateTable('namespaces')
    .set({ usedBytes: namespace.usedBytes - link.size })
    .where('id', '=', link.namespaceId)
    .execute()
}

/** Held until the transaction ends: what the namespace uses is counted by one at a time. */
function lockNamespace(app: App, tx: Tx, id: number) {
  return app.database.dialect
    .lock(tx.selectFrom('namespaces').select(['usedBytes']).where('id', '=', id))
    .executeTakeFirstOrThrow()
}

async function namespaceHas(tx: Tx, link: BlobLink): Promise<boolean> {
  const found = await tx
    .selectFrom('packageBlobs')
    .select('packageId')
    .where('digest', '=', link.digest)
    .where('namespaceId', '=', link.namespaceId)
    .limit(1)
    .executeTakeFirst()
  return found !== undefined
}

const insertBlob = prepared<{ digest: string; size: number; locator: string; at: number }, unknown>(
  (db, param) =>
    db
      .insertInto('blobs')
      .values({
        digest: param('digest'),
        size: param('size'),
        locator: param('locator'),
        createdAt: param('at'),
      })
      .onConflict((conflict) => conflict.column('digest').doNothing()),
)

const insertPackageBlob = prepared<
  { packageId: number; namespaceId: number; digest: string; at: number },
  unknown
>((db, param) =>
  db
    .insertInto('packageBlobs')
    .columns(['packageId', 'namespaceId', 'digest', 'linkedAt'])
    .expression((eb) =>
      eb
        .selectFrom('packages')
        .select([
          'packages.id',
          'packages.namespaceId',
          sql<string>`cast(${param('digest')} as text)`.as('digest'),
          sql<number>`cast(${param('at')} as bigint)`.as('linkedAt'),
        ])
        .where('packages.id', '=', param('packageId'))
        .where('packages.namespaceId', '=', param('namespaceId')),
    )
    .onConflict((conflict) => conflict.columns(['packageId', 'digest']).doNothing()),
)

const addToUsedBytes = prepared<{ namespaceId: number; size: number }, unknown>((db, param) =>
  db
    .updateTable('namespaces')
    .set((eb) => ({ usedBytes: eb('usedBytes', '+', param('size')) }))
    .where('id', '=', param('namespaceId'))
    .where('status', '=', 'active')
    .where((eb) =>
      eb.or([
        eb('maxBytes', 'is', null),
        eb(eb('usedBytes', '+', param('size')), '<=', eb.ref('maxBytes')),
      ]),
    ),
)
