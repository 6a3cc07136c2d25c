import type { Actor } from '#core/access/actor.ts'
import type { App } from '#core/app.ts'
import { change } from '#core/db/change.ts'
import { getUpload, type UploadRef, uploadUnknown } from './upload.ts'

/** Gives up an upload and its bytes. */
export async function cancelUpload(app: App, actor: Actor, ref: UploadRef): Promise<void> {
  const upload = await getUpload(app, actor, ref)
  const deleted = await change(app, (tx) =>
    tx.deleteFrom('uploads').where('id', '=', upload.id).executeTakeFirst(),
  )
  if (deleted.numDeletedRows === 0n) throw uploadUnknown(ref)
  for (const partId of upload.partIds) await app.blobs.abort(partId)
}
