import { type Hash, nodeHash, splitPoint } from './merkle.ts'

/** A tree as its checkpoint tells it. */
export interface TreeHead {
  readonly size: number
  readonly root: Hash
}

/** A leaf and the hashes that should lead from it to the root. */
export interface Inclusion {
  readonly index: number
  readonly leaf: Hash
  readonly proof: readonly Hash[]
}

/** Whether the proof shows that the tree holds that leaf at that index. */
export function isIncluded(tree: TreeHead, { index, leaf, proof }: Inclusion): boolean {
  if (!isCount(index) || !isCount(tree.size) || index >= tree.size) return false
  const root = rebuild(leaf, index, tree.size, [...proof])
  return root !== undefined && isSame(root, tree.root)
}

/** Whether the proof shows that `tree` begins with everything that `old` had. */
export function isConsistent(old: TreeHead, tree: TreeHead, proof: readonly Hash[]): boolean {
  if (!isCount(old.size) || !isCount(tree.size) || old.size > tree.size) return false
  if (old.size === tree.size) return proof.length === 0 && isSame(old.root, tree.root)
  // Every tree begins with nothing.
  if (old.size === 0) return proof.length === 0
  const roots = rebuildBoth(old, tree.size, [...proof])
  return roots !== undefined && isSame(roots.old, old.root) && isSame(roots.whole, tree.root)
}

/** Takes hashes from the end of the proof, which is the top of the tree. */
function rebuild(leaf: Hash, index: number, size: number, proof: Hash[]): Hash | undefined {
  if (size === 1) return proof.length === 0 ? leaf : undefined
  const sibling = proof.pop()
  if (sibling === undefined) return undefined
  const split = splitPoint(size)
  if (index < split) {
    const left = rebuild(leaf, index, split, proof)
    return left && nodeHash(left, sibling)
  }
  const right = rebuild(leaf, index - split, size - split, proof)
  return right && nodeHash(sibling, right)
}

interface Roots {
  readonly old: Hash
  readonly whole: Hash
}

function rebuildBoth(old: TreeHead, size: number, proof: Hash[]): Roots | undefined {
  const turns = turnsTo(old.size, size)
  const isWholeSubtree = !turns.includes('right')
  const start = isWholeSubtree ? old.root : proof.shift()
  if (start === undefined || proof.length !== turns.length) return undefined
  let roots: Roots = { old: start, whole: start }
  for (const turn of turns) {
    const sibling = proof.shift()
    if (sibling === undefined) return undefined
    roots =
      turn === 'left'
        ? { old: roots.old, whole: nodeHash(roots.whole, sibling) }
        : { old: nodeHash(sibling, roots.old), whole: nodeHash(sibling, roots.whole) }
  }
  return roots
}

/** The way up from the subtree that ends where the old tree ended. */
function turnsTo(oldSize: number, size: number): Array<'left' | 'right'> {
  const turns: Array<'left' | 'right'> = []
  let [start, end] = [0, size]
  while (end !== oldSize) {
    const middle = start + splitPoint(end - start)
    const goesLeft = oldSize <= middle
    turns.unshift(goesLeft ? 'left' : 'right')
    if (goesLeft) end = middle
    else start = middle
  }
  return turns
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function isSame(a: Hash, b: Hash): boolean {
  return Buffer.compare(a, b) === 0
}
