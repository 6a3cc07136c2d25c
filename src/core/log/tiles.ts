import { HASH_BYTES, type Hash, nodeHash, type ReadNode } from './merkle.ts'

/** Hashes of one full tile. Tiles are 8 levels high, in both of the log's protocols. */
export const TILE_WIDTH = 256
const TILE_HEIGHT = 8

/**
 * A tile: hashes side by side. Hash `i` of tile `number` at `level` is that of the complete subtree
 * over the leaves `[(number*256+i)*256^level, (number*256+i+1)*256^level)`.
 */
export interface TileAddress {
  readonly level: number
  readonly number: number
}

/** A tile and how many of its hashes there are; fewer than 256 only at the tree's right edge. */
export interface Tile extends TileAddress {
  readonly hashes: Uint8Array
}

/** Gives at least `width` hashes of a tile. */
export type ReadTile = (address: TileAddress, width: number) => Promise<Uint8Array>

/** The tiles at the right edge that are not full, as addresses with widths. */
export function edgeOf(size: number): Array<TileAddress & { readonly width: number }> {
  const edge: Array<TileAddress & { readonly width: number }> = []
  let count = size
  for (let level = 0; count > 0; level++) {
    const width = count % TILE_WIDTH
    const above = Math.floor(count / TILE_WIDTH)
    if (width > 0) edge.push({ level, number: above, width })
    count = above
  }
  return edge
}

/**
 * Adds leaves to a tree of `size`; `edge` are its tiles of `edgeOf(size)`. Gives every tile that
 * changed, each as it is at the end.
 */
export function appendLeaves(size: number, edge: readonly Tile[], leaves: readonly Hash[]): Tile[] {
  const changed: Tile[] = []
  let added = leaves
  let count = size
  for (let level = 0; added.length > 0; level++) {
    const first = Math.floor(count / TILE_WIDTH)
    const kept = edge.find((tile) => tile.level === level)?.hashes ?? new Uint8Array()
    if (kept.length !== (count % TILE_WIDTH) * HASH_BYTES) {
      throw new Error(`the tree of ${size} lacks its edge at level ${level}`)
    }
    const tiles = cut(Buffer.concat([kept, ...added]))
    for (const [at, hashes] of tiles.entries()) {
      changed.push({ level, number: first + at, hashes })
    }
    added = tiles.filter((hashes) => hashes.length === TILE_WIDTH * HASH_BYTES).map(tileHash)
    count = first
  }
  return changed
}

/** Of these tiles, the later ones being newer, those of `edgeOf(size)`. */
export function edgeAmong(size: number, tiles: readonly Tile[]): Tile[] {
  return edgeOf(size).map(({ level, number, width }) => {
    const tile = tiles.findLast((one) => one.level === level && one.number === number)
    if (tile?.hashes.length === width * HASH_BYTES) return tile
    throw new Error(`tile ${number} of level ${level} is not at the edge of ${size}`)
  })
}

/** Reads among tiles at hand. */
export function readAmong(tiles: readonly Tile[]): ReadTile {
  const byAddress = new Map(tiles.map((tile) => [`${tile.level}/${tile.number}`, tile.hashes]))
  return async ({ level, number }) => {
    const hashes = byAddress.get(`${level}/${number}`)
    if (hashes) return hashes
    throw new Error(`tile ${number} of level ${level} is not at hand`)
  }
}

/** Reads a tree's nodes from its tiles. */
export function nodesOf(readTile: ReadTile): ReadNode {
  return async (height, index) => {
    const level = Math.floor(height / TILE_HEIGHT)
    const span = 2 ** (height % TILE_HEIGHT)
    const first = index * span
    const number = Math.floor(first / TILE_WIDTH)
    const from = first % TILE_WIDTH
    const hashes = await readTile({ level, number }, from + span)
    return subtreeHash(hashes.subarray(from * HASH_BYTES, (from + span) * HASH_BYTES))
  }
}

/** The same, asking for each tile once. */
export function rememberTiles(readTile: ReadTile): ReadTile {
  const known = new Map<string, Uint8Array>()
  return async (address, width) => {
    const key = `${address.level}/${address.number}`
    const kept = known.get(key)
    if (kept && kept.length >= width * HASH_BYTES) return kept
    const hashes = await readTile(address, width)
    known.set(key, hashes)
    return hashes
  }
}

/** How many hashes of a tile a tree of that size has: 0 to 256. */
export function widthOf({ level, number }: TileAddress, size: number): number {
  const count = Math.floor(size / TILE_WIDTH ** level)
  return Math.max(0, Math.min(TILE_WIDTH, count - number * TILE_WIDTH))
}

function tileHash(hashes: Uint8Array): Hash {
  return subtreeHash(hashes)
}

function subtreeHash(hashes: Uint8Array): Hash {
  if (hashes.length === HASH_BYTES) return hashes
  const middle = hashes.length / 2
  return nodeHash(subtreeHash(hashes.subarray(0, middle)), subtreeHash(hashes.subarray(middle)))
}

function cut(hashes: Uint8Array): Uint8Array[] {
  const tiles: Uint8Array[] = []
  for (let at = 0; at < hashes.length; at += TILE_WIDTH * HASH_BYTES) {
    tiles.push(hashes.subarray(at, at + TILE_WIDTH * HASH_BYTES))
  }
  return tiles
}
