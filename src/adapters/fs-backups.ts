import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { BackupTarget, TargetBlob, WrittenFile } from '#core/backup/target.ts'
import { parseDigest } from '#core/blobs/digest.ts'
import { RegistryError } from '#core/errors.ts'
import { syncDirectory } from './fs-data-dir.ts'
import { entries, hasCode, readPieces, remove, statIfThere } from './fs-files.ts'
import { type HeldLock, tryLock } from './fs-lock.ts'

const SNAPSHOT = /^[0-9A-Za-z][0-9A-Za-z._-]*$/
const LOCK = 'lock.db'

/**
 * Backups in a directory: `blobs/<algorithm>/<2 hex>/<hex>`, `snapshots/<name>/…`, and `drafts/`
 * of what is being written. Only the owner may read any of it.
 */
export function fsBackups(dir: string): BackupTarget {
  const root = resolve(dir)
  const written = new Written()
  const snapshotDir = (name: string) => {
    if (SNAPSHOT.test(name)) return join(root, 'snapshots', name)
    throw new RegistryError('invalid_request', `${name} is no name of a backup`)
  }
  const store = (path: string, body: AsyncIterable<Uint8Array>, check?: HashCheck) =>
    writeFile({ root, path, written }, body, check)
  return {
    place: root,
    async hasBlob({ digest, size }) {
      return (await statIfThere(blobPath(root, digest)))?.size === size
    },
    async writeBlob(digest, body) {
      await store(blobPath(root, digest), body, parseDigest(digest))
    },
    readBlob: (digest) => readIfThere(blobPath(root, digest)),
    listBlobs: () => listBlobs(root),
    deleteBlob: (digest) => remove(blobPath(root, digest)),
    writeFile: (snapshot, name, body) => store(join(snapshotDir(snapshot), name), body),
    readFile: (snapshot, name) => readIfThere(join(snapshotDir(snapshot), name)),
    flush: () => written.flush(),
    async listSnapshots() {
      const names: string[] = []
      for await (const entry of entries(join(root, 'snapshots'))) {
        if (entry.isDirectory() && SNAPSHOT.test(entry.name)) names.push(entry.name)
      }
      return names.sort()
    },
    async deleteSnapshot(snapshot) {
      const path = snapshotDir(snapshot)
      // First what makes it a backup: half of one must not look like one.
      await rm(join(path, 'manifest.json'), { force: true })
      await syncDirectory(path)
      await rm(path, { recursive: true, force: true })
    },
  }
}

/** Makes the directory and keeps other writers out of it; drafts of earlier ones go. */
export async function claimBackupDir(dir: string): Promise<HeldLock> {
  const root = resolve(dir)
  await mkdir(root, { recursive: true, mode: 0o700 })
  const isOurs = (await statIfThere(join(root, LOCK))) !== undefined
  const [stranger] = isOurs ? [] : await readdir(root)
  if (stranger !== undefined && stranger !== 'lost+found') {
    const message = `${root} holds no backups but other things (${stranger}): name a directory of its own`
    throw new RegistryError('conflict', message)
  }
  const lock = tryLock(join(root, LOCK), 'exclusive')
  if (!lock) throw new RegistryError('conflict', `another backup into ${root} is under way`)
  await rm(join(root, 'drafts'), { recursive: true, force: true })
  return lock
}

type HashCheck = ReturnType<typeof parseDigest>

interface Place {
  readonly root: string
  readonly path: string
  readonly written: Written
}

/** Under another name until it is whole, right and durable. */
async function writeFile(
  { root, path, written }: Place,
  body: AsyncIterable<Uint8Array>,
  check?: HashCheck,
): Promise<WrittenFile> {
  await written.makeDirectory(join(root, 'drafts'))
  await written.makeDirectory(dirname(path))
  const draft = join(root, 'drafts', randomUUID())
  const file = await open(draft, 'wx', 0o600)
  try {
    const size = await fill(file, body, check)
    await file.close()
    await rename(draft, path)
    return size
  } catch (error) {
    await file.close().catch(() => {})
    await remove(draft)
    if (!hasCode(error, 'ENOSPC', 'EDQUOT')) throw error
    throw new RegistryError('storage_full', `${root} is out of space`, { cause: error })
  }
}

async function fill(
  file: FileHandle,
  body: AsyncIterable<Uint8Array>,
  check: HashCheck | undefined,
): Promise<WrittenFile> {
  const hash = createHash(check?.algorithm ?? 'sha256')
  let size = 0
  for await (const piece of body) {
    hash.update(piece)
    await writeAll(file, piece)
    size += piece.length
  }
  const hex = hash.digest('hex')
  if (check && check.hex !== hex) {
    const message = `the registry has other bytes than those of ${check.algorithm}:${check.hex}`
    throw new RegistryError(
      'digest_invalid',
      `${message}: \`entrepot verify\` says what is damaged`,
    )
  }
  await file.sync()
  return { size, sha256: hex }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done)
    done += bytesWritten
  }
}

/** Directories in which there are new names. */
class Written {
  readonly #unsynced = new Set<string>()

  async makeDirectory(path: string): Promise<void> {
    await mkdir(path, { recursive: true, mode: 0o700 })
    this.#unsynced.add(path)
  }

  async flush(): Promise<void> {
    const paths = new Set<string>()
    for (const path of this.#unsynced) {
      // The names of new directories are in their parents.
      for (const one of [path, dirname(path), dirname(dirname(path))]) paths.add(one)
    }
    this.#unsynced.clear()
    await Promise.all([...paths].map(syncDirectory))
  }
}

async function* listBlobs(root: string): AsyncGenerator<TargetBlob> {
  for await (const algorithm of entries(join(root, 'blobs'))) {
    for await (const folder of entries(join(root, 'blobs', algorithm.name))) {
      const path = join(root, 'blobs', algorithm.name, folder.name)
      for await (const { name } of entries(path)) {
        yield { digest: `${algorithm.name}:${name}`, size: (await stat(join(path, name))).size }
      }
    }
  }
}

function blobPath(root: string, digest: string): string {
  const { algorithm, hex } = parseDigest(digest)
  return join(root, 'blobs', algorithm, hex.slice(0, 2), hex)
}

async function readIfThere(path: string): Promise<AsyncIterable<Uint8Array> | undefined> {
  return (await statIfThere(path)) === undefined ? undefined : readPieces(path)
}
