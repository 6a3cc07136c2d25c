import assert from 'node:assert/strict'
import { flushDownloads } from '#core/downloads/flush-downloads.ts'
import { verify } from '#core/verify/verify.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { packElba, readElbaAnswer } from '#test/elba-world.ts'
import { newUser, type ServedRegistry, serveTestApp } from '#test/served.ts'

describe('elba storm', () => {
  let registry: ServedRegistry
  let secret: string
  before(async () => {
    registry = await serveTestApp()
    secret = (await newUser(registry.app, 'ann')).secret
  })
  after(() => registry.stop())

  const api = (path: string) => `${registry.url}/elba/api/v1${path}`
  const publish = async (name: string, version: string, more: Record<string, string> = {}) => {
    const answer = await fetch(api(`/packages/${name}/${version}/publish?token=${secret}`), {
      method: 'PUT',
      body: packElba({ name, version, files: more }) as Uint8Array<ArrayBuffer>,
    })
    return await readElbaAnswer(answer, `${name} ${version}`)
  }
  const countsOf = (statuses: number[]) =>
    Object.fromEntries(
      Map.groupBy(statuses, (status) => status)
        .entries()
        .map(([status, all]) => [status, all.length]),
    )

  test('50 publishes of one version, in several spellings, into a free group: one wins', async () => {
    const spellings = ['Storm_A/One', 'storm-a/one', 'STORM-a/ONE', 'storm_a/oNe']
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        publish(spellings[at % 4] ?? '', '1.0.0', { 'src/x': `${at}` }),
      ),
    )
    assert.deepEqual(countsOf(answers.map(({ status }) => status)), { 200: 1, 409: 49 })
    const read = await fetch(api('/packages/storm-a/one/versions'))
    const { versions } = (await read.json()) as { versions: { version: string }[] }
    assert.deepEqual(
      versions.map(({ version }) => version),
      ['1.0.0'],
    )
  })

  test('40 publishes that differ in build metadata alone: one wins', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, at) => publish('storm-a/build', `1.0.0+b${at}`)),
    )
    assert.deepEqual(countsOf(answers.map(({ status }) => status)), { 200: 1, 409: 39 })
  })

  test('40 publishes of 40 versions, in 4 packages of a new group: all win', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, at) => publish(`gale/p${at % 4}`, `1.0.${at}`)),
    )
    assert.deepEqual(
      answers.filter(({ status }) => status !== 200).map(({ body }) => body),
      [],
    )
    for (let at = 0; at < 4; at++) {
      const read = await fetch(api(`/packages/gale/p${at}/versions`))
      const { versions } = (await read.json()) as { versions: unknown[] }
      assert.equal(versions.length, 10)
    }
  })

  test('30 yanks at once: one did it', async () => {
    const yank = () =>
      fetch(api(`/packages/gale/p0/1.0.0/yank?yanked=true&token=${secret}`), { method: 'PATCH' })
    const answers = await Promise.all(Array.from({ length: 30 }, yank))
    assert.deepEqual(countsOf(answers.map(({ status }) => status)), { 200: 1, 409: 29 })
  })

  test('300 downloads at once are 300 downloads', async () => {
    const flushing = setInterval(() => void flushDownloads(registry.app), 10)
    const downloads = Array.from({ length: 300 }, async () => {
      const answer = await fetch(api('/packages/gale/p1/1.0.1/download'))
      await answer.arrayBuffer()
      return answer.status
    })
    assert.deepEqual(countsOf(await Promise.all(downloads)), { 200: 300 })
    clearInterval(flushing)
    await flushDownloads(registry.app)
    const read = await fetch(api('/packages/gale/p1/1.0.1/download_stats'))
    assert.deepEqual(await read.json(), { download_stats: { total: 300, season: 300 } })
  })

  test('what is left is consistent', async () => {
    const { app } = registry
    const problems: unknown[] = []
    await verify(app, { checkBytes: true, onProblem: (one) => problems.push(one) })
    assert.deepEqual(problems, [])
    const parts: string[] = []
    for await (const part of app.blobs.listParts(new Date(Date.now() + 60_000))) parts.push(part)
    assert.deepEqual(parts, [])
  })
})
