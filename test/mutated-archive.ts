import { gunzipSync, gzipSync } from 'node:zlib'
import { goodArchives, hostileTars } from '#test/hostile-archives.ts'
import { BLOCK, fixChecksum } from '#test/raw-tar.ts'

/** A whole number from 0 up to, not including, `below`. */
type Random = (below: number) => number

const INTERESTING_BYTES = [0, 1, 0x2e, 0x2f, 0x30, 0x37, 0x5c, 0x78, 0x7f, 0x80, 0xff]

/**
 * A damaged archive for each seed. Half are damaged as gzip, half as tar inside a sound gzip file; most
 * of these with their header checksums mended, so that the damage gets past the first check.
 */
export function mutatedArchive(seed: number): Uint8Array {
  const random = randomFrom(seed)
  const pickSeed = () => (random(3) ? pick(goodArchives, random) : pick(hostileTars, random)).make()
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

/** Numbers that look random and are the same for the same seed (mulberry32). */
function randomFrom(seed: number): Random {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % Math.max(1, Math.floor(below))
  }
}
