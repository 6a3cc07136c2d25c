import assert from 'node:assert/strict'
import { flushDownloads } from '#core/downloads/flush-downloads.ts'
import { createFetch } from '#http/server.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import type { TestApp } from '#test/app.ts'
import { openGrenWorld } from '#test/gren-world.ts'
import { openOriWorld } from '#test/ori-world.ts'
import { testServerOptions, UNLIMITED_RATES } from '#test/served.ts'
import { ecosystems } from './index.ts'

interface Case {
  readonly ecosystem: string
  /** What counts, and what does not. */
  readonly archive: string
  readonly others: readonly string[]
  open(): Promise<TestApp>
}

const cases: readonly Case[] = [
  {
    ecosystem: 'ori',
    archive: '/ori/v1/packages/acme/json/1.0.0/download',
    others: ['/ori/v1/packages/acme/json/1.0.0/metadata'],
    open: async () => {
      const { t, publish } = await openOriWorld()
      assert.equal((await publish({ name: '@acme/json', version: '1.0.0' })).status, 201)
      return t
    },
  },
  {
    ecosystem: 'gren',
    archive: '/gren/package/acme/json/1.0.0/bundle',
    others: ['/gren/package/acme/json/1.0.0/outline', '/gren/package/acme/json/1.0.0/readme'],
    open: async () => {
      const { t, publish } = await openGrenWorld()
      const draft = {
        name: 'acme/json',
        version: '1.0.0',
        extras: { readme: 'Words. '.repeat(60) },
      }
      assert.equal((await publish(draft)).status, 201)
      return t
    },
  },
]

for (const { ecosystem, archive, others, open } of cases) {
  describe(`downloads from ${ecosystem}`, () => {
    let t: TestApp
    let fetch: ReturnType<typeof createFetch>
    before(async () => {
      t = await open()
      fetch = createFetch(t.app, ecosystems, testServerOptions({ rates: UNLIMITED_RATES }))
    })
    after(() => t.close())

    const call = (path: string, more: RequestInit = {}) =>
      fetch(new Request(`http://127.0.0.1:7080${path}`, more), { remoteAddress: () => '192.0.2.7' })

    test('are counted once each: not HEAD, 304 and the later parts', async () => {
      const first = await call(archive)
      assert.equal(first.status, 200)
      for (let n = 0; n < 3; n++) assert.equal((await call(archive)).status, 200)
      const statusOf = async (headers: Record<string, string>, method = 'GET') =>
        (await call(archive, { method, headers })).status
      assert.equal(await statusOf({ range: 'bytes=0-9' }), 206)
      assert.equal(await statusOf({ range: 'bytes=10-' }), 206)
      assert.equal(await statusOf({}, 'HEAD'), 200)
      assert.equal(await statusOf({ 'if-none-match': first.headers.get('etag') ?? '' }), 304)
      for (const path of others) assert.equal((await call(path)).status, 200)
      await flushDownloads(t.app)
      const listed = await call(`/api/v1/packages/${ecosystem}/acme%2Fjson/releases`)
      const { items } = (await listed.json()) as { items: { version: string; downloads: number }[] }
      assert.deepEqual(
        items.map(({ version, downloads }) => [version, downloads]),
        [['1.0.0', 5]],
      )
    })
  })
}
