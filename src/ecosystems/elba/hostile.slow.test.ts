import assert from 'node:assert/strict'
import { after, before, describe, test } from '#runtime/test.ts'
import { type ElbaWorld, elbaManifest, openElbaWorld, tagOf } from '#test/elba-world.ts'
import { hostileArchives } from '#test/hostile-archives.ts'
import { archiveOf, noise, rawEntry } from '#test/raw-tar.ts'

const MIB = 1024 * 1024

describe('elba publish, of what is too much', () => {
  let w: ElbaWorld
  before(async () => {
    w = await openElbaWorld()
  })
  after(() => w.t.close())

  const send = (name: string, version: string, archive: Uint8Array) =>
    w.elba('PUT', `/packages/${name}/${version}/publish?token=${w.ann.secret}`, { body: archive })
  const saying = ({ body }: { body: unknown }) => (body as { description: string }).description

  test('too many entries, too much unpacked, and bytes after the end', async () => {
    const manifest = rawEntry({
      name: 'elba.toml',
      body: elbaManifest({ name: 'acme/much', version: '1.0.0' }),
    })
    const many = Array.from({ length: 10_000 }, (_, at) => rawEntry({ name: `f${at}` }))
    const entries = await send('acme/much', '1.0.0', archiveOf(manifest, ...many))
    assert.match(saying(entries), /more than 10000 entries.*\[entries\]$/)
    const zeroes = Buffer.alloc(64 * MIB)
    const parts = [1, 2, 3, 4].map((at) => rawEntry({ name: `z${at}`, body: zeroes }))
    const unpacked = await send('acme/much', '1.0.0', archiveOf(manifest, ...parts))
    assert.match(saying(unpacked), /\[(unpacked-size|ratio)\]$/)
    const trailing = Buffer.concat([archiveOf(manifest), Buffer.from('more')])
    assert.match(saying(await send('acme/much', '1.0.0', trailing)), /\[gzip-trailing\]$/)
    const large = archiveOf(manifest, rawEntry({ name: 'data', body: noise(5 * MIB) }))
    assert.equal((await send('acme/much', '1.0.0', large)).status, 200)
  })

  test('every hostile archive is refused', async () => {
    for (const { name, make } of hostileArchives) {
      const [status, tag] = tagOf(await send('acme/hostile', '1.0.0', make()))
      assert.equal(status, 400, name)
      // The corpus goes against limits that are narrower than ours: then the manifest is missing.
      assert.ok(tag === 'invalid_format' || tag === 'invalid_manifest', `${name}: ${tag}`)
    }
  })
})
