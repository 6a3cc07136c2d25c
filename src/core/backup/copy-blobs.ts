import type { App } from '#core/app.ts'
import { pieces } from '#core/blobs/collect-run.ts'
import { RegistryError } from '#core/errors.ts'
import type { BackupOptions } from './create-backup.ts'
import { readRowLines } from './row-file.ts'

/** Enough that files share the disk's time, few enough that memory stays flat. */
const AT_ONCE = 8

interface Tally {
  blobs: number
  bytes: number
}

/** A row of the table, as the database names its columns. */
interface BlobRow {
  readonly digest: string
  readonly size: number
  readonly locator: string
}

/** Copies the blobs that a snapshot names and the target does not have yet. */
export async function copyBlobs(
  app: App,
  snapshot: string,
  { target, onProgress }: BackupOptions,
): Promise<{ readonly all: Tally; readonly copied: Tally }> {
  const all: Tally = { blobs: 0, bytes: 0 }
  const copied: Tally = { blobs: 0, bytes: 0 }
  const copy = async ({ digest, size, locator }: BlobRow) => {
    all.blobs++
    all.bytes += size
    if (await target.hasBlob({ digest, size })) return
    await target.writeBlob(digest, read(app, digest, locator))
    copied.blobs++
    copied.bytes += size
  }
  for await (const lines of readRowLines(target, snapshot, 'blobs')) {
    for (const some of pieces(lines, AT_ONCE)) {
      await Promise.all(some.map((line) => copy(JSON.parse(line) as BlobRow)))
      onProgress?.({ what: 'blobs', done: all.blobs })
    }
  }
  return { all, copied }
}

async function* read(app: App, digest: string, locator: string): AsyncGenerator<Uint8Array> {
  try {
    const opened = await app.blobs.open(locator)
    for await (const piece of opened.stream()) yield piece
  } catch (error) {
    if (!(error instanceof RegistryError && error.code === 'blob_unknown')) throw error
    const message = `the registry has no bytes of blob ${digest}: \`entrepot verify\` says what is missing`
    throw new RegistryError('conflict', message, { cause: error })
  }
}
