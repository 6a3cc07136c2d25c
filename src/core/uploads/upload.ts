import { randomBytes } from 'node:crypto'
import type { Actor } from '#core/access/actor.ts'
import { judge } from '#core/access/can.ts'
import type { App } from '#core/app.ts'
import { prepared } from '#core/db/prepared.ts'
import type { Row } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { findPackage, type Package, type PackageRef, resourceOf } from '#core/packages/package.ts'

/** Which upload is meant: only in the package, and for the actor, that it was started for. */
export interface UploadRef {
  readonly package: PackageRef
  readonly id: string
}

/** An upload as far as it came. */
export interface Upload {
  readonly id: string
  readonly package: Package
  readonly offset: number
  readonly partIds: readonly string[]
}

const ID_BYTES = 18
/** Characters of an upload id; a part id begins with the id of its upload. */
export const UPLOAD_ID_LENGTH = (ID_BYTES * 4) / 3

/** A new upload id: unguessable, safe in paths. */
export function newUploadId(): string {
  return randomBytes(ID_BYTES).toString('base64url')
}

/** A new part id of an upload; never reused. */
export function newPartId(uploadId: string): string {
  return `${uploadId}-${randomBytes(6).toString('hex')}`
}

/** The actor's own upload; anybody else's is `upload_unknown`. */
export async function getUpload(app: App, actor: Actor, ref: UploadRef): Promise<Upload> {
  const found = await findPackage(app, ref.package)
  const row = found && (await selectUpload(app, ref.id))
  if (!row || row.packageId !== found.id || row.createdBy !== actor.name) throw uploadUnknown(ref)
  // The right may have been lost since the upload began.
  if (judge(actor, 'publish', resourceOf(found)) !== 'yes') throw uploadUnknown(ref)
  return { id: row.id, package: found, offset: row.offset, partIds: JSON.parse(row.parts) }
}

/** What is said of uploads that are not there, finished, given up, or somebody else's. */
export function uploadUnknown(ref: UploadRef): RegistryError {
  return new RegistryError(
    'upload_unknown',
    `no upload ${ref.id.slice(0, 64)} here: start a new one`,
  )
}

async function selectUpload(app: App, id: string): Promise<Row<'uploads'> | undefined> {
  if (id.length !== UPLOAD_ID_LENGTH) return undefined
  const { rows } = await uploadById(app.database.db, { id })
  return rows[0]
}

const uploadById = prepared<{ id: string }, Row<'uploads'>>((db, param) =>
  db.selectFrom('uploads').selectAll().where('id', '=', param('id')),
)
