import { gunzipSync, gzipSync } from 'node:zlib'
import { goodArchives, hostileTars } from '#test/hostile-archives.ts'
import { goodLongNames, hostileLongNames } from '#test/hostile-long-names.ts'
import { type Random, randomFrom } from '#test/random.ts'
import { BLOCK, fixChecksum } from '#test/raw-tar.ts'

const GOOD = [...goodArchives, ...goodLongNames]
const HOSTILE = [...hostileTars, ...hostileLongNames]
const INTERESTING_BYTES = [0, 1, 0x2e, 0x2f, 0x30, 0x37, 0x5c, 0x78, 0x7f, 0x80, 0xff]

/**
 * A damaged archive for each seed. Half are damaged as gzip, half as tar inside a sound gzip file; most
 * of these with their header checksums mended, so that the damage gets past the first check.
 */
export function mutatedArchive(seed: number): Uint8Array {
  const random = randomFrom(seed)
  const pickSeed = () => (random(3) ? pick(GOOD, random) : pick(HOSTILE, random)).make()
  const rounds = 1 + random(4)
  let bytes: Buffer = Buffer.from(pickSeed())
  if (random(2) === 0) {
    for (let round = 0; round < rounds; round++) bytes = damage(bytes, random)
    return bytes
  }
  bytes = gunzipSync(bytes)
  for (let round = 0; round < rounds; round++) {
    bytes = random(4) === 0 ? splice(bytes, gunzipSync(pickSeed()), random) : damage(bytes, random)
  }
  if (random(4) > 0) mendChecksums(bytes)
  return gzipSync(bytes, { level: 1 })
}

/** Flips, sets, cuts, repeats or puts in some bytes. */
function damage(bytes: Buffer, random: Random): Buffer {
  const at = random(bytes.length + 1)
  const end = Math.min(bytes.length, at + 1 + random(random(2) ? 16 : 1024))
  const parts = {
    flip: () => [bytes.subarray(0, at), flip(bytes.subarray(at, at + 1), random)],
    set: () => [bytes.subarray(0, at), Buffer.from([pick(INTERESTING_BYTES, random)])],
    cut: () => [bytes.subarray(0, at), Buffer.alloc(0)],
    repeat: () => [bytes.subarray(0, end), bytes.subarray(at, end)],
    insert: () => [bytes.subarray(0, at), Buffer.alloc(1 + random(BLOCK), random(256))],
    end: () => [bytes.subarray(0, at)],
  }
  const kind = pick(Object.keys(parts) as (keyof typeof parts)[], random)
  const isLonger = kind === 'repeat' || kind === 'insert'
  const rest = isLonger ? at : kind === 'cut' ? end : kind === 'end' ? bytes.length : at + 1
  return Buffer.concat([...parts[kind](), bytes.subarray(kind === 'repeat' ? end : rest)])
}

function flip(bytes: Buffer, random: Random): Buffer {
  return Buffer.from(bytes.map((byte) => byte ^ (1 << random(8))))
}

/** Some blocks of another tar file between the blocks of this one. */
function splice(tar: Buffer, other: Buffer, random: Random): Buffer {
  const at = random(tar.length / BLOCK + 1) * BLOCK
  const from = random(other.length / BLOCK + 1) * BLOCK
  const blocks = other.subarray(from, from + (1 + random(3)) * BLOCK)
  return Buffer.concat([tar.subarray(0, at), blocks, tar.subarray(at + random(2) * BLOCK)])
}

/** Rights the checksum of every block that looks like a header. */
function mendChecksums(tar: Buffer): void {
  for (let at = 0; at + BLOCK <= tar.length; at += BLOCK) {
    const block = tar.subarray(at, at + BLOCK)
    if (block.toString('latin1', 257, 262) === 'ustar') fixChecksum(block)
  }
}

function pick<T>(items: readonly T[], random: Random): T {
  const found = items[random(items.length)]
  if (found === undefined) throw new Error('nothing to pick from')
  return found
}
