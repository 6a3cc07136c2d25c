import { createHash } from 'node:crypto'
import { parseDigest } from '#core/blobs/digest.ts'
import { RegistryError } from '#core/errors.ts'
import { readCheckpoint } from '#core/log/checkpoint.ts'
import { leafHash, rootHash } from '#core/log/merkle.ts'
import { appendLeaves, edgeAmong, nodesOf, readAmong, type Tile } from '#core/log/tiles.ts'
import type { BackupProgress } from './create-backup.ts'
import { type Manifest, rowsOf } from './manifest.ts'
import { readRowLines, readRows } from './row-file.ts'
import type { BackupTarget } from './target.ts'

/** What is wrong with a backup: the file, blob or table, and how. */
export interface BackupProblem {
  readonly subject: string
  readonly detail: string
}

/** What to verify. */
export interface VerifyBackupOptions {
  readonly snapshot: string
  readonly manifest: Manifest
  /** Blobs whose bytes were read already, for another snapshot of the same place. */
  readonly checked: Set<string>
  readonly onProblem: (problem: BackupProblem) => void
  readonly onProgress?: (progress: BackupProgress) => void
}

/** Reads all of a snapshot again: every file, every row, every blob, and the log from its start. */
export async function verifyBackup(
  target: BackupTarget,
  options: VerifyBackupOptions,
): Promise<void> {
  const isReadable = await checkFiles(target, options)
  // Rows of damaged files would only be said to be wrong once more.
  if (!isReadable) return
  await checkTables(target, options)
  await checkLog(target, options)
  await checkBlobs(target, options)
}

async function checkFiles(target: BackupTarget, options: VerifyBackupOptions): Promise<boolean> {
  const { snapshot, manifest, onProblem, onProgress } = options
  let isReadable = true
  for (const [index, file] of manifest.files.entries()) {
    const detail = await whatIsWrong(await target.readFile(snapshot, file.name), {
      algorithm: 'sha256',
      hex: file.sha256,
    })
    if (detail !== undefined) {
      if (file.name.startsWith('database/')) isReadable = false
      onProblem({ subject: `${snapshot}/${file.name}`, detail })
    }
    onProgress?.({ what: 'files', done: index + 1, total: manifest.files.length })
  }
  return isReadable
}

async function checkTables(target: BackupTarget, options: VerifyBackupOptions): Promise<void> {
  const { snapshot, manifest, onProblem, onProgress } = options
  const total = manifest.tables.reduce((sum, { rows }) => sum + rows, 0)
  let done = 0
  for (const { name, rows } of manifest.tables) {
    let found = 0
    for await (const lines of readRowLines(target, snapshot, name)) {
      found += lines.length
      done += lines.length
      onProgress?.({ what: 'rows', done, total })
    }
    if (found === rows) continue
    onProblem({ subject: `${snapshot}: table ${name}`, detail: `${found} rows instead of ${rows}` })
  }
}

/** The root that the snapshot's own entries lead to is the one that was signed then. */
async function checkLog(target: BackupTarget, options: VerifyBackupOptions): Promise<void> {
  const { snapshot, manifest, onProblem } = options
  let size = 0
  let edge: Tile[] = []
  for await (const lines of readRowLines(target, snapshot, 'log_entries')) {
    const entries = lines.map((line) => JSON.parse(line) as LogRow)
    // Those without a place were not in the tree yet.
    const leaves = entries
      .filter(({ position }) => position !== null)
      .map(({ record }) => leafHash(record))
    if (leaves.length === 0) continue
    const tiles = appendLeaves(size, edge, leaves)
    size += leaves.length
    edge = edgeAmong(size, [...edge, ...tiles])
  }
  const root = Buffer.from(await rootHash(nodesOf(readAmong(edge)), size)).toString('base64')
  const { log } = manifest
  const isSigned = log.checkpoint === '' || isOf(log)
  if (isSigned && size === log.size && root === log.root) return
  const detail = `its ${size} entries do not lead to the signed root of ${log.size}`
  onProblem({ subject: `${snapshot}: log`, detail })
}

interface LogRow {
  readonly position: number | null
  readonly record: string
}

function isOf({ checkpoint, size, root }: Manifest['log']): boolean {
  const signed = readCheckpoint(checkpoint)
  return signed.size === size && Buffer.from(signed.root).toString('base64') === root
}

/** Every blob is there with its bytes, and what releases name is among them. */
async function checkBlobs(target: BackupTarget, options: VerifyBackupOptions): Promise<void> {
  const { snapshot, manifest, checked, onProblem, onProgress } = options
  const known = new Set<string>()
  const total = rowsOf(manifest, 'blobs')
  for await (const blob of readRows<{ digest: string }>(target, snapshot, 'blobs')) {
    const { digest } = blob
    known.add(digest)
    onProgress?.({ what: 'blobs', done: known.size, total })
    if (checked.has(digest)) continue
    checked.add(digest)
    const detail = await whatIsWrong(await target.readBlob(digest), parseDigest(digest))
    if (detail !== undefined) onProblem({ subject: `blob ${digest}`, detail })
  }
  for await (const file of readRows<{ digest: string }>(target, snapshot, 'release_files')) {
    if (known.has(file.digest)) continue
    onProblem({ subject: `${snapshot}: a release`, detail: `it needs ${file.digest}, not in it` })
  }
}

async function whatIsWrong(
  body: AsyncIterable<Uint8Array> | undefined,
  { algorithm, hex }: { readonly algorithm: string; readonly hex: string },
): Promise<string | undefined> {
  if (!body) return 'it is missing'
  const hash = createHash(algorithm)
  for await (const piece of body) hash.update(piece)
  return hash.digest('hex') === hex ? undefined : 'it is damaged: its bytes have another digest'
}

/** Throws when anything is wrong with a snapshot, except its blobs, whose bytes are checked on the way. */
export async function requireSound(
  target: BackupTarget,
  snapshot: string,
  manifest: Manifest,
): Promise<void> {
  const problems: BackupProblem[] = []
  const options = { snapshot, manifest, checked: new Set<string>() }
  const onProblem = (problem: BackupProblem) => problems.push(problem)
  if (await checkFiles(target, { ...options, onProblem })) {
    await checkTables(target, { ...options, onProblem })
    await checkLog(target, { ...options, onProblem })
  }
  const [first] = problems
  if (!first) return
  const message = `the backup cannot be used: ${first.subject}: ${first.detail}`
  throw new RegistryError('unprocessable', message)
}
