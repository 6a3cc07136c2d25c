import { pipeline } from 'node:stream/promises'
import { crc32, createInflateRaw } from 'node:zlib'
import { refuse } from './refusal.ts'

/** Of the header with its optional name, comment and extra field. */
const MAX_HEADER_BYTES = 8192
const TRAILER_BYTES = 8
const SLICE_BYTES = 64 * 1024
const FLAG = { headerCrc: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 } as const

/** How the stream machinery says that it ended before its source: Node's way, Bun's way. */
const ENDED_EARLY = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'ABORT_ERR'])

/** How large a gzip file was. */
export interface GzipSizes {
  readonly compressed: number
  readonly unpacked: number
}

/** What is known of the file while it passes. */
interface Passage {
  compressed: number
  /** Bytes of the deflate stream handed over so far. */
  fed: number
  /** The last bytes seen: at the end, checksum and size. */
  held: Uint8Array
  /** True when the source had no more. */
  isOver: boolean
  /** What the source, or the reader of the content, threw. */
  failure?: { readonly thrown: unknown }
}

/**
 * Hands the content of exactly one gzip member to `read`, which must take all of it. Header and
 * trailer are read here, because node:zlib joins members and says nothing of what follows them. Never
 * holds more than a few slices. What `read` makes of it counts only once this has resolved.
 */
export async function gunzip(
  source: AsyncIterable<Uint8Array>,
  maxCompressedBytes: number,
  read: (content: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<GzipSizes> {
  const passage: Passage = { compressed: 0, fed: 0, held: new Uint8Array(), isOver: false }
  const engine = createInflateRaw({ chunkSize: SLICE_BYTES })
  let crc = 0
  let unpacked = 0
  async function* counted(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of content) {
      crc = crc32(chunk, crc)
      unpacked += chunk.byteLength
      yield chunk
    }
  }
  try {
    await pipeline(
      () => keepFailure(passage, deflated(source, passage, maxCompressedBytes)),
      engine,
      (content: AsyncIterable<Uint8Array>) => readKept(passage, () => read(counted(content))),
    )
  } catch (error) {
    refuseFailure(passage, error)
  }
  if (!passage.isOver || engine.bytesWritten !== passage.fed) refuseTrailing()
  checkTrailer(passage.held, crc, unpacked)
  return { compressed: passage.compressed, unpacked }
}

/** The deflate stream between header and trailer. */
async function* deflated(
  source: AsyncIterable<Uint8Array>,
  passage: Passage,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  let hasHeader = false
  for await (const chunk of source) {
    passage.compressed += chunk.byteLength
    if (passage.compressed > maxBytes) {
      refuse('compressed-size', `more than ${maxBytes} bytes compressed`)
    }
    let bytes: Uint8Array = passage.held.byteLength ? Buffer.concat([passage.held, chunk]) : chunk
    if (!hasHeader) {
      const length = headerLength(bytes)
      hasHeader = length !== undefined
      bytes = bytes.subarray(length ?? 0)
    }
    const end = hasHeader ? Math.max(0, bytes.byteLength - TRAILER_BYTES) : 0
    // A copy: the source may use its buffer again.
    passage.held = Uint8Array.from(bytes.subarray(end))
    for (let at = 0; at < end; at += SLICE_BYTES) {
      const slice = bytes.subarray(at, Math.min(end, at + SLICE_BYTES))
      passage.fed += slice.byteLength
      yield slice
    }
  }
  if (!hasHeader) refuse('gzip-truncated', 'ends inside the gzip header')
  passage.isOver = true
}

/** Where the header ends; undefined while too little of it is there. */
function headerLength(bytes: Uint8Array): number | undefined {
  const [first = 0x1f, second = 0x8b, method = 8, flags = 0] = bytes
  if (first !== 0x1f || second !== 0x8b) refuse('gzip-header', 'not a gzip file')
  if (method !== 8 || flags & FLAG.reserved) refuse('gzip-header', 'an unknown kind of gzip file')
  let at = 10
  if (flags & FLAG.extra) at += 2 + (bytes[at] ?? 0) + ((bytes[at + 1] ?? 0) << 8)
  for (const flag of [FLAG.name, FLAG.comment]) {
    if (!(flags & flag)) continue
    const end = bytes.indexOf(0, at)
    at = end < 0 ? bytes.byteLength + 1 : end + 1
  }
  if (flags & FLAG.headerCrc) at += 2
  if (at <= bytes.byteLength) return at
  if (bytes.byteLength > MAX_HEADER_BYTES) refuse('gzip-header', 'a gzip header without an end')
  return undefined
}

function checkTrailer(trailer: Uint8Array, crc: number, unpacked: number): void {
  if (trailer.byteLength < TRAILER_BYTES) refuse('gzip-truncated', 'ends inside the gzip trailer')
  const view = new DataView(trailer.buffer, trailer.byteOffset)
  if (view.getUint32(0, true) !== crc) refuse('gzip-checksum', 'the gzip checksum is wrong')
  if (view.getUint32(4, true) !== unpacked % 2 ** 32) {
    refuse('gzip-size', 'the gzip trailer states another size')
  }
}

async function* keepFailure(
  passage: Passage,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks
  } catch (thrown) {
    passage.failure ??= { thrown }
    throw thrown
  }
}

async function readKept(passage: Passage, read: () => Promise<void>): Promise<void> {
  try {
    await read()
  } catch (thrown) {
    // Otherwise it only tells of the stream's own failure.
    if (!streamCode(thrown)) passage.failure ??= { thrown }
    throw thrown
  }
}

/** Says what went wrong first, in our words when it was the compression. */
function refuseFailure(passage: Passage, error: unknown): never {
  if (passage.failure) throw passage.failure.thrown
  const code = streamCode(error)
  if (code === 'Z_BUF_ERROR') refuse('gzip-truncated', 'the gzip stream is cut off')
  // The deflate stream ended while there was still something to feed it.
  if (code && ENDED_EARLY.has(code)) refuseTrailing()
  if (code === 'Z_DATA_ERROR') refuse('gzip-corrupt', 'the gzip stream is damaged')
  throw error
}

function refuseTrailing(): never {
  refuse('gzip-trailing', 'something follows the gzip stream: another one, or garbage')
}

function streamCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  const code = String(error.code)
  return code.startsWith('Z_') || ENDED_EARLY.has(code) ? code : undefined
}
