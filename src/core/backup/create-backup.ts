import type { App } from '#core/app.ts'
import type { DatabaseSnapshot } from '#core/db/snapshot.ts'
import { readCheckpoint } from '#core/log/checkpoint.ts'
import { EMPTY_ROOT } from '#core/log/merkle.ts'
import { whileBlobsAreKept } from './collection-pause.ts'
import { copyBlobs } from './copy-blobs.ts'
import { type Manifest, writeManifest } from './manifest.ts'
import { packRows, readRows, rowFileName } from './row-file.ts'
import { newSnapshotName, removeUnfinished } from './snapshots.ts'
import { backedUpTables } from './tables.ts'
import type { BackupTarget } from './target.ts'

/** A file of the data directory that only its owner may read. */
export interface SecretFile {
  readonly name: string
  readonly bytes: Uint8Array
}

/** How far a backup or what is made of one is. */
export interface BackupProgress {
  readonly what: 'rows' | 'blobs' | 'files' | 'search'
  readonly done: number
  readonly total?: number
}

/** How to make a backup. */
export interface BackupOptions {
  readonly target: BackupTarget
  /** The version of entrepot. */
  readonly version: string
  /** Keys and the like, which are no part of the database. */
  readonly readSecrets: () => Promise<readonly SecretFile[]>
  readonly onProgress?: (progress: BackupProgress) => void
}

/** What was backed up. */
export interface CreatedBackup {
  readonly snapshot: string
  readonly manifest: Manifest
  /** Blobs that the target did not have yet, and their bytes. */
  readonly copied: { readonly blobs: number; readonly bytes: number }
}

/**
 * Backs up the database, the blobs that it names and the secrets, while the registry works. First one
 * moment of the database, then the blobs: they never change, and collection waits meanwhile. The
 * manifest comes last; without it there is no backup, and what was copied serves the next one.
 */
export async function createBackup(app: App, options: BackupOptions): Promise<CreatedBackup> {
  const { target } = options
  await removeUnfinished(target)
  const snapshot = await newSnapshotName(target, app.clock())
  return await whileBlobsAreKept(app, async () => {
    const createdAt = app.clock().toISOString()
    const database = await writeDatabase(app, snapshot, options)
    const secrets = await writeSecrets(snapshot, options)
    const { all, copied } = await copyBlobs(app, snapshot, options)
    const manifest: Manifest = {
      format: 1,
      createdAt,
      version: options.version,
      database: app.database.dialect.kind,
      migrations: database.migrations,
      tables: database.tables,
      blobs: { count: all.blobs, bytes: all.bytes },
      log: await logOf(target, snapshot),
      files: [...database.files, ...secrets],
    }
    await writeManifest(target, snapshot, manifest)
    return { snapshot, manifest, copied }
  })
}

async function writeDatabase(app: App, snapshot: string, options: BackupOptions) {
  const moment = await app.database.snapshot()
  try {
    const migrations: string[] = []
    for await (const rows of moment.rows('migrations', 'name')) {
      migrations.push(...rows.map((row) => String(row.name)))
    }
    const tables: Manifest['tables'] = []
    const files: Manifest['files'] = []
    let done = 0
    const onRows = (count: number) => {
      done += count
      options.onProgress?.({ what: 'rows', done })
    }
    for (const table of backedUpTables) {
      const before = done
      files.push(await writeTable(moment, snapshot, { ...table, ...options, onRows }))
      const lastKey = await moment.lastKey(table.name)
      const rows = done - before
      tables.push({ name: table.name, rows, ...(lastKey !== undefined && { lastKey }) })
    }
    return { migrations, tables, files }
  } finally {
    await moment.close()
  }
}

interface TableOptions {
  readonly name: string
  readonly orderBy?: string
  readonly target: BackupTarget
  readonly onRows: (count: number) => void
}

async function writeTable(moment: DatabaseSnapshot, snapshot: string, options: TableOptions) {
  const { name, orderBy, target, onRows } = options
  const file = rowFileName(name)
  const body = packRows(moment.rows(name, orderBy), onRows)
  return { name: file, ...(await target.writeFile(snapshot, file, body)) }
}

async function writeSecrets(
  snapshot: string,
  { target, readSecrets }: BackupOptions,
): Promise<Manifest['files']> {
  const files: Manifest['files'] = []
  for (const { name, bytes } of await readSecrets()) {
    const file = `secrets/${name}`
    files.push({ name: file, ...(await target.writeFile(snapshot, file, once(bytes))) })
  }
  return files
}

/** The tree as it was published at the moment of the snapshot. */
async function logOf(target: BackupTarget, snapshot: string): Promise<Manifest['log']> {
  for await (const state of readRows<{ checkpoint: string }>(target, snapshot, 'log_state')) {
    const { checkpoint } = state
    if (checkpoint === '') break
    const { size, root } = readCheckpoint(checkpoint)
    return { size, root: Buffer.from(root).toString('base64'), checkpoint }
  }
  return { size: 0, root: Buffer.from(EMPTY_ROOT).toString('base64'), checkpoint: '' }
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}
