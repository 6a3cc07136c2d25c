import type { Tx } from '#core/db/schema.ts'
import type { Tile } from './tiles.ts'

/** Stores tiles, in place of what there was of them. */
export async function saveTiles(tx: Tx, tiles: readonly Tile[]): Promise<void> {
  if (tiles.length === 0) return
  const rows = tiles.map(({ level, number, hashes }) => ({
    level,
    number,
    hashes: Buffer.from(hashes).toString('base64'),
  }))
  await tx
    .insertInto('logTiles')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(['level', 'number'])
        .doUpdateSet((e) => ({ hashes: e.ref('excluded.hashes') })),
    )
    .execute()
}
