import assert from 'node:assert/strict'
import { describe, test } from '#runtime/test.ts'
import { goTilePath, parseTilePath, type TileFile, tilePath } from './tile-path.ts'
import { edgeOf, widthOf } from './tiles.ts'

const hashes = (level: number, number: number, width = 256): TileFile => ({
  kind: 'hashes',
  level,
  number,
  width,
})

describe('the paths of tiles', () => {
  const RIGHT: Array<[string, TileFile]> = [
    ['0/000', hashes(0, 0)],
    ['0/x001/x234/067', hashes(0, 1_234_067)],
    ['1/001.p/17', hashes(1, 1, 17)],
    ['63/999', hashes(63, 999)],
    ['8/000', hashes(8, 0)],
    ['8/x001/000.p/255', hashes(8, 1000, 255)],
    ['entries/000.p/1', { kind: 'entries', level: 0, number: 0, width: 1 }],
    ['entries/x001/000', { kind: 'entries', level: 0, number: 1000, width: 256 }],
    ['8/0/000', hashes(0, 0)],
    ['8/8/x001/002.p/3', hashes(8, 1002, 3)],
    ['8/data/000.p/2', { kind: 'records', level: 0, number: 0, width: 2 }],
  ]

  test('are read in both forms, and written again as they were', () => {
    for (const [path, file] of RIGHT) {
      assert.deepEqual(parseTilePath(path), file, path)
      const written = [tilePath(file), file.kind === 'entries' ? '' : goTilePath(file)]
      assert.ok(written.includes(`tile/${path}`), `${path}: ${written}`)
    }
  })

  test('have one spelling', () => {
    const wrong = `0/0 0/00 0/0000 00/000 0/001/002 0/x000/001 64/000 -1/000 0/x1/000 0/000.p/0
      0/000.p/256 0/000.p/01 0/000.p/ 0/000.p 0/000.p/1000 entries/1 8/data/1 8/00/000 8/64/000
      data/000 0/000/ /0/000 0/x001/x001/x001/x001/x001/001 8/entries/000 0/+01 0/1e2 8/data/data`
    for (const path of wrong.split(/\s+/)) assert.equal(parseTilePath(path), undefined, path)
  })

  test('a tree has the tiles that the specification counts', () => {
    // 70,000 entries: 273 full tiles and one of 112, one full tile and one of 17, one of 1.
    assert.deepEqual(edgeOf(70_000), [
      { level: 0, number: 273, width: 112 },
      { level: 1, number: 1, width: 17 },
      { level: 2, number: 0, width: 1 },
    ])
    assert.deepEqual(edgeOf(256), [{ level: 1, number: 0, width: 1 }])
    assert.deepEqual(edgeOf(0), [])
    assert.equal(widthOf({ level: 0, number: 272 }, 70_000), 256)
    assert.equal(widthOf({ level: 0, number: 274 }, 70_000), 0)
    assert.equal(widthOf({ level: 1, number: 1 }, 70_000), 17)
    assert.equal(widthOf({ level: 3, number: 0 }, 70_000), 0)
  })
})
