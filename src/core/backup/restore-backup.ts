import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { pieces } from '#core/blobs/collect-run.ts'
import type { BlobStore } from '#core/blobs/store.ts'
import type { Database } from '#core/db/dialect.ts'
import { migrate, migrationNames } from '#core/db/migrations.ts'
import type { Tx } from '#core/db/schema.ts'
import type { RowLoader } from '#core/db/snapshot.ts'
import { RegistryError } from '#core/errors.ts'
import { KEEP_BLOBS_KEY } from './collection-pause.ts'
import type { BackupProgress } from './create-backup.ts'
import { type Manifest, rowsOf } from './manifest.ts'
import { requireEmpty } from './require-empty.ts'
import { readRowLines } from './row-file.ts'
import { backedUpTables } from './tables.ts'
import type { BackupTarget } from './target.ts'

const BLOBS_AT_ONCE = 8

/** Where a backup is restored from, and which. */
export interface RestoreSource {
  readonly target: BackupTarget
  readonly snapshot: string
  readonly manifest: Manifest
  readonly onProgress?: (progress: BackupProgress) => void
}

/** What a backup is restored into. */
export interface RestoreInto {
  readonly database: Database
  readonly blobs: BlobStore
}

/** Throws when this version is too old for a backup. */
export function requireKnownSchema({ migrations, version }: Manifest): void {
  const unknown = migrations.find((name) => !migrationNames.includes(name))
  if (unknown === undefined) return
  const message = `the backup has migration ${unknown}, which this version does not know: use entrepot ${version} or newer`
  throw new RegistryError('conflict', message)
}

/**
 * Fills an empty database and the blob store: the schema as it was, then all rows in one
 * transaction, each blob before the row that names it. Whatever ends it, the database is empty or
 * whole. Newer migrations run when the database is opened next.
 */
export async function restoreBackup(into: RestoreInto, source: RestoreSource): Promise<void> {
  const { db, dialect } = into.database
  const { manifest } = source
  requireKnownSchema(manifest)
  await db.transaction().execute((tx) => requireEmpty(tx, dialect.loader(tx), manifest))
  await migrate(db, dialect, manifest.migrations)
  await db.transaction().execute(async (tx) => {
    const loader = dialect.loader(tx)
    await requireEmpty(tx, loader, manifest)
    await clear(tx, loader)
    const progress = { done: 0, total: manifest.tables.reduce((sum, { rows }) => sum + rows, 0) }
    for (const { name, lastKey } of manifest.tables) {
      await fillTable(loader, name, { ...source, ...into, progress })
      if (lastKey !== undefined) await loader.setLastKey(name, lastKey)
    }
    await tx.deleteFrom('settings').where('key', '=', KEEP_BLOBS_KEY).execute()
  })
}

/** What migrations and a first start leave even in an empty registry. */
async function clear(tx: Tx, loader: RowLoader): Promise<void> {
  const there = new Set(await loader.listTables())
  for (const { name } of backedUpTables.toReversed()) {
    if (there.has(name)) await sql`delete from ${sql.id(name)}`.execute(tx)
  }
}

interface FillOptions extends RestoreSource, RestoreInto {
  readonly progress: { done: number; readonly total: number }
}

async function fillTable(loader: RowLoader, table: string, options: FillOptions): Promise<void> {
  const { target, snapshot, manifest, progress, onProgress } = options
  let columns: readonly string[] | undefined
  let blobs = 0
  for await (const lines of readRowLines(target, snapshot, table)) {
    columns ??= Object.keys(JSON.parse(lines[0] ?? '{}') as object)
    const rows = table === 'blobs' ? await storeBlobs(lines, options, onBlobs) : lines
    await loader.insert({ table, columns, json: `[${rows.join(',')}]` })
    progress.done += lines.length
    if (table !== 'blobs') onProgress?.({ what: 'rows', ...progress })
  }
  function onBlobs(count: number) {
    blobs += count
    onProgress?.({ what: 'blobs', done: blobs, total: rowsOf(manifest, 'blobs') })
  }
}

/** Stores the bytes of some blobs; answers their rows with the locators that they have here. */
async function storeBlobs(
  lines: readonly string[],
  options: FillOptions,
  onBlobs: (count: number) => void,
): Promise<string[]> {
  const rows: string[] = []
  for (const some of pieces(lines, BLOBS_AT_ONCE)) {
    const stored = some.map(async (line) => {
      const row = JSON.parse(line) as { digest: string; size: number }
      return JSON.stringify({ ...row, locator: await storeBlob(row, options) })
    })
    rows.push(...(await Promise.all(stored)))
    onBlobs(some.length)
  }
  return rows
}

async function storeBlob(
  { digest, size }: { readonly digest: string; readonly size: number },
  { target, blobs }: FillOptions,
): Promise<string> {
  const body = await target.readBlob(digest)
  if (!body) throw unusable(`blob ${digest} is missing`)
  const part = randomBytes(16).toString('base64url')
  try {
    const { failure } = await blobs.writePart(part, body, size)
    if (failure !== undefined) throw failure
    const stored = await blobs.finish([part], digest)
    return stored.locator
  } catch (error) {
    await blobs.abort(part)
    const isDamaged =
      error instanceof RegistryError && ['digest_invalid', 'too_large'].includes(error.code)
    throw isDamaged ? unusable(`blob ${digest} is damaged`) : error
  }
}

function unusable(what: string): RegistryError {
  return new RegistryError('unprocessable', `the backup cannot be used: ${what}`)
}
