import {
  type ArchivedFile,
  type ArchiveLimits,
  inspectArchive,
  type WantFile,
} from '#core/archives/inspect-archive.ts'
import { RegistryError } from '#core/errors.ts'
import { MANIFEST_FILE, type Manifest, readManifest } from './manifest.ts'

const MIB = 1024 * 1024

/** What the reference registry takes, of the packed archive. */
export const MAX_ARCHIVE_BYTES = 30 * MIB

const MAX_MANIFEST_BYTES = MIB / 4
/** A longer readme is left off; the publish goes on. */
const MAX_README_BYTES = 2 * MIB
/** Which file is the readme is known only when all were seen; so much of what may be one is kept. */
const MAX_CANDIDATE_BYTES = 8 * MIB
const TEXT_FILE = /\.(?:md|markdown|mdown|txt|rst|adoc|asciidoc|org|lidr)$/i

const LIMITS: ArchiveLimits = {
  // Counted where the archive comes in, which then says 413.
  maxCompressedBytes: Number.MAX_SAFE_INTEGER,
  maxUnpackedBytes: 256 * MIB,
  maxRatio: 200,
  maxEntries: 10_000,
  maxFileBytes: 256 * MIB,
  maxPathBytes: 1024,
  maxDepth: 64,
  // The client is Rust, whose tar library writes them.
  allowGnuLongNames: true,
}

/** What an archive turned out to hold. */
export interface InspectedPackage {
  readonly manifest: Manifest
  /** As it was sent. */
  readonly manifestBytes: Uint8Array
  readonly readmeBytes?: Uint8Array
}

/**
 * Reads an archive as it comes and checks all that its own content can tell; the manifest by the rules
 * of `read`.
 */
export async function inspectPackage(
  source: AsyncIterable<Uint8Array>,
  read: (manifest: string) => Manifest = readManifest,
): Promise<InspectedPackage> {
  const { files } = await inspectArchive(source, LIMITS, wanting())
  const manifestFile = files.find(({ path }) => path.toLowerCase() === MANIFEST_FILE)
  if (!manifestFile?.bytes) {
    throw new RegistryError(
      'manifest_invalid',
      `there is no ${MANIFEST_FILE} at the archive's root`,
    )
  }
  const manifest = read(textOf(manifestFile, 'manifest_invalid'))
  const readme = findReadme(files, manifest)
  if (readme) textOf(readme, 'unprocessable')
  return {
    manifest,
    manifestBytes: manifestFile.bytes,
    ...(readme?.bytes && { readmeBytes: readme.bytes }),
  }
}

function wanting(): WantFile {
  let kept = 0
  return (path, size) => {
    if (path.toLowerCase() === MANIFEST_FILE) return MAX_MANIFEST_BYTES
    const mayBeReadme = !path.includes('/') || TEXT_FILE.test(path) || isReadmeStem(path)
    if (!mayBeReadme || size > MAX_README_BYTES || kept + size > MAX_CANDIDATE_BYTES) {
      return undefined
    }
    kept += size
    return size
  }
}

/** The file that the manifest names, else the first one at the root that is called README. */
function findReadme(
  files: readonly ArchivedFile[],
  { readme }: Manifest,
): ArchivedFile | undefined {
  const named = files.find(({ path }) => path === readme)
  return named ?? files.find(({ path }) => !path.includes('/') && isReadmeStem(path))
}

function isReadmeStem(path: string): boolean {
  const file = path.slice(path.lastIndexOf('/') + 1)
  return file.replace(/(?<=.)\.[^.]*$/, '').toUpperCase() === 'README'
}

/** The text of a file that was kept. */
function textOf({ path, bytes }: ArchivedFile, code: 'manifest_invalid' | 'unprocessable'): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new RegistryError(code, `${path}: it is not UTF-8 [utf8]`, {
      details: { file: path, rule: 'utf8' },
    })
  }
}
