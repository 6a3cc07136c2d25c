import type { Actor } from '#core/access/actor.ts'
import { can } from '#core/access/can.ts'
import { type App, now } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import { prepared } from '#core/db/prepared.ts'
import { ensurePackage } from '#core/packages/ensure-package.ts'
import { findPackage, type PackageRef, resourceOf } from '#core/packages/package.ts'
import { newUploadId } from './upload.ts'

/** Opens an upload into a package, which is created when it is new; answers the upload's id. */
export async function startUpload(app: App, actor: Actor, ref: PackageRef): Promise<string> {
  const known = await findPackage(app, ref)
  return change(app, async (tx) => {
    const mayUse = known && can(actor, 'publish', resourceOf(known))
    const target = mayUse ? known : await ensurePackage(app, tx, actor, ref)
    const id = newUploadId()
    const at = now(app)
    await insertUpload(tx, {
      id,
      namespaceId: target.namespaceId,
      packageId: target.id,
      createdBy: actor.name,
      at,
    })
    return id
  })
}

const insertUpload = prepared<
  { id: string; namespaceId: number; packageId: number; createdBy: string; at: number },
  unknown
>((db, param) =>
  db.insertInto('uploads').values({
    id: param('id'),
    namespaceId: param('namespaceId'),
    packageId: param('packageId'),
    offset: 0,
    parts: '[]',
    createdBy: param('createdBy'),
    createdAt: param('at'),
    touchedAt: param('at'),
  }),
)
