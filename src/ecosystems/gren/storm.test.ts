import assert from 'node:assert/strict'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { operator } from '#test/app.ts'
import { type GrenDraft, makeBundle, moduleSource } from '#test/gren-packages.ts'
import { type GrenWorld, openGrenWorld } from '#test/gren-world.ts'

const COUNT = 50

describe('gren, everybody at once', () => {
  let w: GrenWorld
  before(async () => {
    w = await openGrenWorld()
    await createNamespace(w.t.app, operator, { name: 'a-b', owner: 'ann' })
    await createNamespace(w.t.app, operator, { name: 'a', owner: 'ann' })
  })
  after(() => w.t.close())

  const statusesOf = async (drafts: readonly GrenDraft[]) => {
    const answers = await Promise.all(drafts.map((draft) => w.publish(draft)))
    return answers.map(({ status }) => status)
  }

  test('fifty publish one version of a new package: one wins, the rest leave nothing', async () => {
    const drafts = Array.from({ length: COUNT }, (_, at) => ({
      name: 'acme/storm',
      version: '1.0.0',
      sources: { Main: moduleSource('Main', `By ${at}`) },
    }))
    const statuses = await statusesOf(drafts)
    assert.equal(statuses.filter((one) => one === 201).length, 1)
    assert.equal(statuses.filter((one) => one === 409).length, COUNT - 1)
    const won = drafts[statuses.indexOf(201)] as GrenDraft
    const { bytes } = await w.gren('GET', '/package/acme/storm/1.0.0/bundle')
    assert.equal(Buffer.compare(bytes, makeBundle(won)), 0)
    assert.deepEqual(await w.traces(), {
      namespaces: 5,
      packages: 1,
      releases: 1,
      dependencies: 0,
      blobs: 1,
      links: 1,
      logged: 1,
      files: 1,
    })
  })

  test('versions that can be reached from one state are all taken', async () => {
    const versions = ['1.0.1', '1.1.0', '2.0.0']
    const drafts = versions.map((version) => ({ name: 'acme/storm', version }))
    assert.deepEqual(await statusesOf(drafts), [201, 201, 201])
    const { body } = await w.gren('GET', '/package/acme/storm/versions')
    assert.deepEqual(body, ['1.0.0', '1.0.1', '1.1.0', '2.0.0'])
  })

  test('two names that look alike on disk: one wins', async () => {
    for (let round = 0; round < 5; round++) {
      const drafts = [`a-b/c${round}`, `a/b-c${round}`].map((name) => ({ name, version: '1.0.0' }))
      assert.deepEqual((await statusesOf(drafts)).sort(), [201, 409])
    }
  })

  test('a private and a public first version: whoever wins decides, and nothing private shows', async () => {
    for (let round = 0; round < 5; round++) {
      const name = `acme/mixed${round}`
      const drafts = [true, false].map((isPrivate) => ({ name, version: '1.0.0', isPrivate }))
      const statuses = await statusesOf(drafts)
      assert.deepEqual([...statuses].sort(), [201, 409])
      const isPrivate = statuses[0] === 201
      const { status } = await w.gren('GET', `/package/${name}/1.0.0/bundle`)
      assert.equal(status, isPrivate ? 404 : 200)
    }
  })

  test('revoking and yanking one version at once: it ends revoked', async () => {
    const path = '/package/acme/storm/1.1.0'
    const answers = await Promise.all([
      w.gren('DELETE', path, { as: w.ann }),
      w.gren('POST', `${path}/yank`, { as: w.ann }),
      w.gren('DELETE', path, { as: w.pat }),
      w.gren('GET', `${path}/bundle`),
    ])
    const [one, yank, other] = answers.map(({ status }) => status)
    assert.deepEqual([one, other].sort(), [200, 410])
    assert.ok(yank === 200 || yank === 410)
    assert.equal((await w.gren('GET', `${path}/bundle`)).status, 410)
  })
})
