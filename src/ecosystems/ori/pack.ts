import { type PackFile, packArchive } from '#core/archives/pack-archive.ts'
import { digestOf } from '#core/blobs/digest.ts'
import { CHECKSUM_FILE, formatChecksums } from './checksum.ts'

/** Packs a package's files, with the CHECKSUM made of them: the same files give the same bytes. */
export function packPackage(files: readonly PackFile[]): Uint8Array {
  const others = files.filter(({ path }) => path !== CHECKSUM_FILE)
  const digests = new Map(others.map(({ path, bytes }) => [path, digestOf(bytes)]))
  const bytes = new TextEncoder().encode(formatChecksums(digests))
  return packArchive([...others, { path: CHECKSUM_FILE, bytes }])
}
