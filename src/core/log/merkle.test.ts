import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, test } from '#runtime/test.ts'
import { consistencyProof, type Hash, inclusionProof, leafHash, rootHash } from './merkle.ts'
import { isConsistent, isIncluded } from './merkle-verify.ts'
import { NaiveTree } from './naive-tree-fixture.ts'
import { appendLeaves, edgeOf, nodesOf, type Tile, widthOf } from './tiles.ts'

const MAX_SIZE = 2_000
const leaves = Array.from({ length: MAX_SIZE }, (_, index) => leafHash(`entry ${index}\n`))
const naive = new NaiveTree(leaves)
const hex = (hashes: readonly Hash[]) => hashes.map((hash) => Buffer.from(hash).toString('hex'))

/** A log that only has what the database would have. */
class TileStore {
  readonly tiles = new Map<string, Tile>()
  size = 0

  add(more: readonly Hash[]): void {
    const edge = edgeOf(this.size).map(({ level, number, width }) => {
      const tile = this.tiles.get(`${level}/${number}`)
      assert.equal(tile?.hashes.length, width * 32)
      return tile as Tile
    })
    for (const tile of appendLeaves(this.size, edge, more)) {
      this.tiles.set(`${tile.level}/${tile.number}`, tile)
    }
    this.size += more.length
  }

  /** Only what a tree of `size` published. */
  nodes(size: number) {
    return nodesOf(async (address, width) => {
      assert.ok(width <= widthOf(address, size), `asked for ${width} of ${JSON.stringify(address)}`)
      const tile = this.tiles.get(`${address.level}/${address.number}`)
      assert.ok(tile && tile.hashes.length >= width * 32)
      return tile.hashes
    })
  }
}

describe('the Merkle tree', () => {
  test('hashes as RFC 6962 says', async () => {
    const empty = await rootHash(new TileStore().nodes(0), 0)
    assert.equal(
      Buffer.from(empty).toString('hex'),
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    )
    // The leaf of the empty entry, as Certificate Transparency's test vectors have it.
    assert.equal(
      Buffer.from(leafHash('')).toString('hex'),
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    )
    const plain = createHash('sha256').update('\0entry\n').digest('hex')
    assert.equal(Buffer.from(leafHash('entry\n')).toString('hex'), plain)
  })

  test('every size from 0 to 2,000 has the root of the plain definition', async () => {
    const store = new TileStore()
    for (let size = 1; size <= MAX_SIZE; size++) {
      store.add(leaves.slice(size - 1, size))
      const root = await rootHash(store.nodes(size), size)
      assert.deepEqual(root, naive.root(size), `size ${size}`)
    }
    assert.equal(store.tiles.size, 8 + 1)
  })

  test('growing in any steps gives the same tiles', () => {
    const whole = new TileStore()
    whole.add(leaves)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 10 }), (steps) => {
        const store = new TileStore()
        for (const step of [...steps, MAX_SIZE]) {
          store.add(leaves.slice(store.size, Math.min(store.size + step, MAX_SIZE)))
        }
        assert.deepEqual(store.tiles, whole.tiles)
      }),
      { numRuns: 50 },
    )
  })

  const store = new TileStore()
  store.add(leaves)
  const sizes = fc.integer({ min: 1, max: MAX_SIZE })

  test('inclusion proofs are those of the definition, and only they verify', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), fc.nat(), async (size, rawIndex, rawOther) => {
        const index = rawIndex % size
        const proof = await inclusionProof(store.nodes(size), index, size)
        assert.deepEqual(hex(proof), hex(naive.inclusion(index, size)))
        const tree = { size, root: naive.root(size) }
        const leaf = leaves[index] as Hash
        assert.ok(isIncluded(tree, { index, leaf, proof }))
        const other = rawOther % MAX_SIZE
        if (other !== index) assert.ok(!isIncluded(tree, { index: other, leaf, proof }))
        assert.ok(!isIncluded(tree, { index, leaf: leafHash('forged'), proof }))
        assert.ok(!isIncluded(tree, { index, leaf, proof: [...proof, leaf] }))
        assert.ok(!isIncluded({ ...tree, root: leaf }, { index, leaf, proof }) || size === 1)
        const bent = proof.map((hash, at) => (at === other % proof.length ? leafHash('x') : hash))
        if (proof.length > 0) {
          assert.ok(!isIncluded(tree, { index, leaf, proof: bent }))
          assert.ok(!isIncluded(tree, { index, leaf, proof: proof.slice(1) }))
        }
      }),
      { numRuns: 500 },
    )
  })

  test('consistency proofs are those of the definition, and only they verify', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), async (size, rawOld) => {
        const old = rawOld % (size + 1)
        const proof = await consistencyProof(store.nodes(size), old, size)
        assert.deepEqual(hex(proof), hex(naive.consistency(old, size)))
        const head = { size, root: naive.root(size) }
        if (old === 0) return
        const oldHead = { size: old, root: naive.root(old) }
        assert.ok(isConsistent(oldHead, head, proof))
        const forged = { size: old, root: leafHash('another history') }
        assert.ok(!isConsistent(forged, head, proof))
        assert.ok(!isConsistent(oldHead, { ...head, root: leafHash('x') }, proof))
        assert.ok(!isConsistent(oldHead, head, [...proof, leafHash('x')]))
        if (proof.length > 0) assert.ok(!isConsistent(oldHead, head, proof.slice(1)))
        if (old < size) assert.ok(!isConsistent(head, oldHead, proof))
      }),
      { numRuns: 500 },
    )
  })

  test('a forked tree is consistent with nothing after the fork', async () => {
    const forked = new TileStore()
    forked.add(leaves.map((leaf, index) => (index === 700 ? leafHash('forked') : leaf)))
    for (const old of [701, 768, 1024, 1999]) {
      const proof = await consistencyProof(forked.nodes(MAX_SIZE), old, MAX_SIZE)
      const head = { size: MAX_SIZE, root: await rootHash(forked.nodes(MAX_SIZE), MAX_SIZE) }
      assert.ok(!isConsistent({ size: old, root: naive.root(old) }, head, proof))
    }
  })

  test('refuses what is outside of the tree', async () => {
    const nodes = store.nodes(10)
    await assert.rejects(inclusionProof(nodes, 10, 10), RangeError)
    await assert.rejects(inclusionProof(nodes, -1, 10), RangeError)
    await assert.rejects(inclusionProof(nodes, 0, 0), RangeError)
    await assert.rejects(inclusionProof(nodes, 1.5, 10), RangeError)
    await assert.rejects(consistencyProof(nodes, 11, 10), RangeError)
  })
})
