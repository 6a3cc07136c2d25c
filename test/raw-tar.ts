import { createHash } from 'node:crypto'
import { createGzip, gzipSync } from 'node:zlib'
import { checksumOf } from '#core/archives/tar-header.ts'

/** The size of everything in a tar file. */
export const BLOCK = 512

/** The two empty blocks that end a tar file. */
export const TAR_END: Uint8Array = Buffer.alloc(2 * BLOCK)

/** A tar entry with anything in it. */
export interface RawEntry {
  readonly name: string | Uint8Array
  readonly body?: string | Uint8Array
  readonly type?: string
  /** What the header says, whatever the body is. */
  readonly size?: number
  readonly mode?: number
  readonly link?: string
  readonly magic?: string
  readonly prefix?: string
  /** Changes the finished block, before its checksum is made. */
  readonly alter?: (block: Buffer) => void
  /** Added to the right checksum. */
  readonly checksumError?: number
}

/** One entry, header and padded body, as no honest packer would write it. */
export function rawEntry(entry: RawEntry): Buffer {
  const body = Buffer.from(entry.body ?? '')
  const block = Buffer.alloc(BLOCK)
  block.set(Buffer.from(entry.name).subarray(0, 100), 0)
  block.write(`${(entry.mode ?? 0o644).toString(8).padStart(7, '0')}\0`, 100)
  block.write('0000000\x000000000\0', 108)
  block.write(`${(entry.size ?? body.length).toString(8).padStart(11, '0')}\0`, 124)
  block.write('00000000000\0', 136)
  block.write(entry.type ?? '0', 156, 'latin1')
  block.write(entry.link ?? '', 157)
  block.write(entry.magic ?? 'ustar\x0000', 257)
  block.write(entry.prefix ?? '', 345)
  entry.alter?.(block)
  fixChecksum(block, entry.checksumError)
  return Buffer.concat([block, body, Buffer.alloc(-body.length & (BLOCK - 1))])
}

/** A pax header with records as given: right lengths, any keys and values. */
export function paxEntry(records: readonly (readonly [string, string])[], type = 'x'): Buffer {
  const body = records.map(([key, value]) => {
    const rest = Buffer.byteLength(` ${key}=${value}\n`)
    let length = rest + 1
    while (String(length).length + rest !== length) length++
    return `${length} ${key}=${value}\n`
  })
  return rawEntry({ name: 'PaxHeader', type, body: body.join('') })
}

/** A whole archive of raw entries. */
export function archiveOf(...entries: readonly Uint8Array[]): Uint8Array {
  return gzipSync(Buffer.concat([...entries, TAR_END]))
}

/** A tar file filled up with zeroes. */
export function paddedTo(bytes: Uint8Array, size: number): Uint8Array {
  return Buffer.concat([bytes, Buffer.alloc(size - bytes.byteLength)])
}

/** Bytes that do not compress, always the same. */
export function noise(size: number): Uint8Array {
  return createHash('shake256', { outputLength: size }).update('noise').digest()
}

/** Makes the checksum of a header right, or wrong by some. */
export function fixChecksum(block: Buffer, error = 0): void {
  const sum = checksumOf(block) + error
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
}

/** A gzip stream of zeroes that is made while it is read, as an entry of `size` bytes. @public (a subprocess imports it) */
export function streamedBomb(size: number): AsyncIterable<Uint8Array> {
  const gzip = createGzip()
  const block = Buffer.alloc(64 * 1024)
  const blocks = function* () {
    yield rawEntry({ name: 'bomb', size })
    for (let at = 0; at < size; at += block.length) yield block
    yield TAR_END
  }
  void (async () => {
    for (const bytes of blocks()) {
      if (gzip.destroyed) return
      if (!gzip.write(bytes)) await new Promise((resolve) => void gzip.once('drain', resolve))
    }
    gzip.end()
  })()
  return gzip
}
