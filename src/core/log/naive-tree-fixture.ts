import { type Hash, leafHash, nodeHash, splitPoint } from './merkle.ts'

/** The definitions of RFC 6962 §2.1 as they are written, over all leaves: slow and plainly right. */
export class NaiveTree {
  readonly leaves: readonly Hash[]
  readonly #known = new Map<number, Hash>()

  constructor(leaves: readonly Hash[]) {
    this.leaves = leaves
  }

  root(size: number): Hash {
    return this.#hash(0, size)
  }

  inclusion(index: number, size: number, start = 0): Hash[] {
    if (size === 1) return []
    const k = splitPoint(size)
    return index < k
      ? [...this.inclusion(index, k, start), this.#hash(start + k, start + size)]
      : [...this.inclusion(index - k, size - k, start + k), this.#hash(start, start + k)]
  }

  consistency(old: number, size: number): Hash[] {
    return old === 0 || old === size ? [] : this.#subproof(old, { start: 0, size }, true)
  }

  #subproof(m: number, { start, size }: { start: number; size: number }, b: boolean): Hash[] {
    if (m === size) return b ? [] : [this.#hash(start, start + size)]
    const k = splitPoint(size)
    return m <= k
      ? [...this.#subproof(m, { start, size: k }, b), this.#hash(start + k, start + size)]
      : [
          ...this.#subproof(m - k, { start: start + k, size: size - k }, false),
          this.#hash(start, start + k),
        ]
  }

  /** Remembered: a tree of 2,000 is asked for often. */
  #hash(start: number, end: number): Hash {
    const key = start * 2 ** 20 + end
    const known = this.#known.get(key)
    if (known) return known
    const size = end - start
    const k = size > 1 ? splitPoint(size) : 0
    const hash =
      size === 1
        ? (this.leaves[start] ?? leafHash('missing'))
        : nodeHash(this.#hash(start, start + k), this.#hash(start + k, end))
    this.#known.set(key, hash)
    return hash
  }
}
