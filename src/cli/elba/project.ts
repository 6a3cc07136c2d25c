import { join } from 'node:path'
import { parse } from 'smol-toml'
import { z } from 'zod'
import { findText } from '#cli/client/text-file.ts'
import { CliError } from '#cli/failure.ts'
import { formatBytes } from '#cli/output.ts'
import { packArchive } from '#core/archives/pack-archive.ts'
import { readFolder } from '#core/archives/read-folder.ts'
import { digestOf } from '#core/blobs/digest.ts'
import { RegistryError } from '#core/errors.ts'
import { inspectPackage, MAX_ARCHIVE_BYTES } from '#ecosystems/elba/inspect.ts'
import { MANIFEST_FILE, type Manifest, readManifest } from '#ecosystems/elba/manifest.ts'

/** A package ready to be sent. */
export interface PackedProject {
  readonly manifest: Manifest
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly checksum: string
  readonly files: ReadonlyArray<{ readonly path: string; readonly size: number }>
}

const MAX_FILES_BYTES = 256 * 1024 * 1024
/** What the old client builds into, besides what `.gitignore` says. */
const BUILT = '/target/'

/** What the registry has no use for, and says nothing of. */
const packing = z.object({
  package: z.object({ exclude: z.array(z.string()).default([]) }),
})

/**
 * Packs a project as elba did: everything but `.git`, `target`, what `.gitignore` and `exclude` name,
 * without a folder around it. The same files are the same bytes. The result is inspected as the
 * registry will.
 */
export async function packProject(folder: string): Promise<PackedProject> {
  const path = join(folder, MANIFEST_FILE)
  const text = await findText(path)
  if (text === undefined) {
    throw new CliError(`there is no ${MANIFEST_FILE} in ${folder}`, 'name the folder of a project')
  }
  return await refusing(folder, async () => {
    const manifest = readManifest(text)
    const { exclude } = packing.parse(parse(text)).package
    const files = await readFolder(folder, {
      exclude: [...exclude, BUILT],
      ignoreFiles: ['.gitignore'],
      maxBytes: MAX_FILES_BYTES,
    })
    const bytes = Uint8Array.from(packArchive(files))
    if (bytes.byteLength > MAX_ARCHIVE_BYTES) {
      const [size, most] = [bytes.byteLength, MAX_ARCHIVE_BYTES].map(formatBytes)
      throw new RegistryError('too_large', `the package has ${size} and may have ${most}`)
    }
    await inspectPackage(once(bytes))
    return {
      manifest,
      bytes,
      checksum: digestOf(bytes),
      files: files.map(({ path: name, bytes: content }) => ({
        path: name,
        size: content.byteLength,
      })),
    }
  })
}

/** What the registry's own rules refuse is something to correct here. */
async function refusing<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error
    const hint =
      error.code === 'too_large'
        ? 'leave files out with `exclude` in elba.toml, or by .gitignore'
        : 'correct it and try again; nothing was sent'
    throw new CliError(`${folder} cannot be published: ${error.message}`, hint, error)
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
