import { gzipSync } from 'fflate'

/** `mem` must be stated: fflate would derive it from a logarithm, which runtimes may round apart. */
const GZIP = { level: 9, mem: 12, mtime: 0 } as const

/**
 * Compresses: the same bytes give the same bytes, on every machine and runtime. By fflate, because
 * what node:zlib writes differs with its version, build and processor.
 */
export function gzipAlike(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(gzipSync(bytes, GZIP))
}
