import { createHash } from 'node:crypto'

/** A SHA-256 hash: 32 bytes. */
export type Hash = Uint8Array

export const HASH_BYTES = 32

/** The root of the empty tree. */
export const EMPTY_ROOT: Hash = createHash('sha256').digest()
const LEAF_PREFIX = Uint8Array.of(0)
const NODE_PREFIX = Uint8Array.of(1)

/**
 * The tree's complete subtrees: the one of `height` (0: a leaf) and number `index` covers the leaves
 * `[index * 2^height, (index + 1) * 2^height)`.
 */
export type ReadNode = (height: number, index: number) => Promise<Hash>

/** The hash of an entry (RFC 6962 §2.1). */
export function leafHash(entry: Uint8Array | string): Hash {
  return createHash('sha256').update(LEAF_PREFIX).update(entry).digest()
}

/** The hash of two subtrees side by side. */
export function nodeHash(left: Hash, right: Hash): Hash {
  return createHash('sha256').update(NODE_PREFIX).update(left).update(right).digest()
}

/** The hash of the whole tree of that size. */
export async function rootHash(read: ReadNode, size: number): Promise<Hash> {
  return size === 0 ? EMPTY_ROOT : await rangeHash(read, 0, size)
}

/** What, beside the leaf, makes up the root: the leaf's sibling first. */
export async function inclusionProof(read: ReadNode, index: number, size: number): Promise<Hash[]> {
  requireWithin(index, size - 1)
  const proof: Hash[] = []
  let [start, end] = [0, size]
  while (end - start > 1) {
    const middle = start + splitPoint(end - start)
    if (index < middle) {
      proof.push(await rangeHash(read, middle, end))
      end = middle
    } else {
      proof.push(await rangeHash(read, start, middle))
      start = middle
    }
  }
  return proof.reverse()
}

/** What shows that the tree of `size` begins with the tree of `oldSize` (RFC 6962 §2.1.2). */
export async function consistencyProof(
  read: ReadNode,
  oldSize: number,
  size: number,
): Promise<Hash[]> {
  requireWithin(oldSize, size)
  if (oldSize === 0 || oldSize === size) return []
  const proof: Hash[] = []
  let [start, end] = [0, size]
  while (end !== oldSize) {
    const middle = start + splitPoint(end - start)
    if (oldSize <= middle) {
      proof.push(await rangeHash(read, middle, end))
      end = middle
    } else {
      proof.push(await rangeHash(read, start, middle))
      start = middle
    }
  }
  // The verifier has the old root already, if that is a subtree.
  if (start > 0) proof.push(await rangeHash(read, start, end))
  return proof.reverse()
}

/** The largest power of two smaller than `size`, which is at least 2. */
export function splitPoint(size: number): number {
  let split = 1
  while (split * 2 < size) split *= 2
  return split
}

async function rangeHash(read: ReadNode, start: number, end: number): Promise<Hash> {
  const size = end - start
  let height = 0
  while (2 ** height < size) height++
  if (2 ** height === size) return await read(height, start / size)
  const middle = start + splitPoint(size)
  return nodeHash(await rangeHash(read, start, middle), await rangeHash(read, middle, end))
}

function requireWithin(value: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= 0 && value <= max) return
  throw new RangeError(`${value} is not from 0 to ${max}`)
}
