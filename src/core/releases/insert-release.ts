import type { Actor } from '#core/access/actor.ts'
import { type App, now } from '#core/app.ts'
import { type Param, prepared } from '#core/db/prepared.ts'
import type { Row, Tx } from '#core/db/schema.ts'
import { RegistryError } from '#core/errors.ts'
import { appendLog } from '#core/log/append.ts'
import type { Package } from '#core/packages/package.ts'
import { announce } from '#core/webhooks/announce.ts'
import type { NewRelease } from './new-release.ts'

/** One statement takes 65,535 parameters on PostgreSQL, half of that on SQLite; a row has seven. */
const MAX_INSERTED_ROWS = 1_000

type ReleaseRow = Pick<
  Row<'releases'>,
  | 'packageId'
  | 'version'
  | 'digest'
  | 'mediaType'
  | 'size'
  | 'kind'
  | 'subject'
  | 'metadata'
  | 'createdAt'
  | 'createdBy'
>

/**
 * Writes the rows of a release, its log entry and what is announced of it. One that is there with the
 * same bytes stays as it is; answers its id.
 */
export async function insertRelease(
  app: App,
  tx: Tx,
  actor: Actor,
  { target, release, size }: { target: Package; release: NewRelease; size: number },
): Promise<number> {
  const { rows: inserted } = await insertRow(tx, {
    packageId: target.id,
    version: release.version,
    digest: release.digest,
    mediaType: release.mediaType,
    size,
    kind: release.kind,
    subject: release.subject ?? null,
    metadata: JSON.stringify(release.metadata),
    createdAt: now(app),
    createdBy: actor.name,
  })
  const [row] = inserted
  if (!row) return getSameRelease(tx, target, release)
  const { role = 'manifest' } = release
  const own = { role, digest: release.digest, mediaType: release.mediaType, size }
  const rows = [own, ...release.files].map((file, position) => ({
    ...file,
    position,
    releaseId: row.id,
    packageId: target.id,
  }))
  for (let at = 0; at < rows.length; at += MAX_INSERTED_ROWS) {
    const some = rows.slice(at, at + MAX_INSERTED_ROWS)
    await tx.insertInto('releaseFiles').values(some).execute()
  }
  const { ecosystem, path: name } = target
  const { version, digest, dependencies = [] } = release
  for (let at = 0; at < dependencies.length; at += MAX_INSERTED_ROWS) {
    const some = dependencies.slice(at, at + MAX_INSERTED_ROWS)
    const needed = some.map((one) => ({ ...one, ecosystem, releaseId: row.id }))
    await tx.insertInto('releaseDependencies').values(needed).execute()
  }
  await appendLog(app, tx, { event: 'publish', ecosystem, name, version, digest })
  const details = release.tags.length > 0 ? { tags: release.tags } : {}
  await announce(app, tx, { event: 'publish', actor, package: target, version, digest, details })
  return row.id
}

const insertRow = prepared((db, param: Param<ReleaseRow>) =>
  db
    .insertInto('releases')
    .values({
      packageId: param('packageId'),
      version: param('version'),
      digest: param('digest'),
      mediaType: param('mediaType'),
      size: param('size'),
      kind: param('kind'),
      subject: param('subject'),
      metadata: param('metadata'),
      yankedAt: null,
      createdAt: param('createdAt'),
      createdBy: param('createdBy'),
    })
    .onConflict((conflict) => conflict.columns(['packageId', 'version']).doNothing())
    .returning('id'),
)

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
