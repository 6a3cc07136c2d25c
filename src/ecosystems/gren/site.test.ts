import assert from 'node:assert/strict'
import { change } from '#core/db/change.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { moduleSource } from '#test/gren-packages.ts'
import { type GrenWorld, openGrenWorld } from '#test/gren-world.ts'

describe('what reading costs', () => {
  let w: GrenWorld
  before(async () => {
    w = await openGrenWorld()
    const draft = {
      name: 'acme/dear',
      version: '1.0.0',
      exposed: ['Main', 'Other'],
      sources: { Other: moduleSource('Other', 'The other one.') },
    }
    assert.equal((await w.publish(draft)).status, 201)
  })
  after(() => w.t.close())

  test('a bundle is unpacked once for all of its modules, however they are asked for', async () => {
    const path = '/package/acme/dear/version/1.0.0/module'
    assert.equal((await w.gren('GET', `${path}/Main`)).status, 200)
    const { db } = w.t.app.database
    for (const { locator } of await db.selectFrom('blobs').select('locator').execute()) {
      await w.t.app.blobs.delete(locator)
    }
    for (const query of ['', '?1', '?2']) {
      const { body } = await w.gren('GET', `${path}/Other${query}`)
      const expected = { package: 'acme/dear', version: '1.0.0', name: 'Other' }
      assert.deepEqual(body, { ...expected, comment: 'The other one.' })
    }
  })

  test('everything is everything, however many there are', async () => {
    const { app } = w.t
    const { db } = app.database
    const [one] = await db.selectFrom('packages').selectAll().execute()
    const [document] = await db.selectFrom('searchDocuments').selectAll().execute()
    assert.ok(one && document)
    await change(app, async (tx) => {
      const { id: _, ...copy } = one
      const copies = Array.from({ length: 600 }, (_one, at) => {
        const name = `copy${at}`
        return { ...copy, name, key: name, path: `acme/${name}`, foldedPath: `acme_${name}` }
      })
      for (let at = 0; at < copies.length; at += 100) {
        const some = copies.slice(at, at + 100)
        const made = await tx.insertInto('packages').values(some).returning('id').execute()
        const rows = made.map(({ id }) => ({ ...document, packageId: id }))
        await tx.insertInto('searchDocuments').values(rows).execute()
      }
    })
    const names: string[] = []
    for (let after = ''; ; ) {
      const { body } = await w.gren('GET', `/package?limit=250${after}`)
      const page = body as { packages: Array<{ name: string }>; next?: string }
      names.push(...page.packages.map(({ name }) => name))
      if (page.next === undefined) break
      after = `&after=${encodeURIComponent(page.next)}`
    }
    assert.equal(new Set(names).size, 601)
  })

  test('a list of versions does not read what their outlines hold', async () => {
    const { app } = w.t
    await change(app, (tx) => tx.updateTable('releases').set({ metadata: 'no JSON' }).execute())
    const { status, body } = await w.gren('GET', '/package/acme/dear/versions?2')
    assert.deepEqual([status, body], [200, ['1.0.0']])
  })
})
