import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { verify } from '#core/verify/verify.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { eventually } from '#test/actors.ts'
import { formOf, pack, readAnswer } from '#test/ori-world.ts'
import { newUser, type ServedRegistry, serveTestApp, UNLIMITED_RATES } from '#test/served.ts'

describe('ori storm', () => {
  let registry: ServedRegistry
  let secret: string
  before(async () => {
    registry = await serveTestApp({}, { rates: UNLIMITED_RATES })
    secret = (await newUser(registry.app, 'ann')).secret
  })
  after(() => registry.stop())

  const publish = async (name: string, version: string, more: Record<string, string> = {}) => {
    const archive = pack({ name, version, files: { 'README.md': '# same\n', ...more } })
    const answer = await fetch(`${registry.url}/ori/v1/packages/${name}/publish`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}` },
      body: formOf(archive),
    })
    return await readAnswer(answer, `${name} ${version}`)
  }
  const countsOf = (statuses: number[]) =>
    Object.fromEntries(
      Map.groupBy(statuses, (status) => status)
        .entries()
        .map(([status, all]) => [status, all.length]),
    )

  test('50 publishes of one version, into a scope that nobody has: one wins', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) => publish('@storm/one', '1.0.0', { 'src/x': `${at}` })),
    )
    const winner = answers.find(({ status }) => status === 201)
    assert.ok(winner)
    assert.deepEqual(countsOf(answers.map(({ status }) => status)), { 201: 1, 409: 49 })
    const read = await fetch(`${registry.url}/ori/v1/packages/storm/one/versions`)
    const { versions } = (await read.json()) as { versions: { checksum: string }[] }
    assert.deepEqual(
      versions.map(({ checksum }) => checksum),
      [(winner.body as { checksum: string }).checksum],
    )
  })

  test('50 publishes of 50 versions, in 5 packages of a new scope: all win', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) => publish(`@gale/p${at % 5}`, `1.0.${at}`)),
    )
    assert.deepEqual(
      answers.filter(({ status }) => status !== 201).map(({ body }) => body),
      [],
    )
    for (let at = 0; at < 5; at++) {
      const read = await fetch(`${registry.url}/ori/v1/packages/gale/p${at}/versions`)
      const { versions } = (await read.json()) as { versions: unknown[] }
      assert.equal(versions.length, 10)
    }
  })

  test('what is left is consistent, and logged once each', async () => {
    const { app } = registry
    const problems: unknown[] = []
    await verify(app, { checkBytes: true, onProblem: (one) => problems.push(one) })
    assert.deepEqual(problems, [])
    const logged = await app.database.db
      .selectFrom('logEntries')
      .select(['name', 'version'])
      .execute()
    assert.equal(new Set(logged.map(({ name, version }) => `${name} ${version}`)).size, 51)
    assert.equal(logged.length, 51)
    const store: string[] = []
    for await (const part of app.blobs.listParts(new Date(Date.now() + 60_000))) store.push(part)
    assert.deepEqual(store, [])
    const blobs = await app.database.db.selectFrom('blobs').select('locator').execute()
    const known = new Set(blobs.map(({ locator }) => locator))
    const orphans: string[] = []
    for await (const locator of app.blobs.listLocators(new Date(Date.now() + 60_000))) {
      if (!known.has(locator)) orphans.push(locator)
    }
    assert.deepEqual(orphans, [])
  })

  test('a sender who goes away leaves nothing behind', async () => {
    const { app, url } = registry
    const { port } = new URL(url)
    const archive = Buffer.from(pack({ name: '@storm/cut', version: '1.0.0' }))
    const head = '--x\r\ncontent-disposition: form-data; name="archive"\r\n\r\n'
    for (const share of [0, 0.3, 0.9]) {
      const socket = connect(Number(port), '127.0.0.1')
      await once(socket, 'connect')
      socket.write(
        `POST /ori/v1/packages/storm/cut/publish HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${secret}\r\ncontent-type: multipart/form-data; boundary=x\r\ncontent-length: 100000\r\n\r\n${head}`,
      )
      socket.write(archive.subarray(0, Math.floor(archive.byteLength * share)))
      await sleep(100)
      socket.destroy()
    }
    await eventually(async () => {
      const left: string[] = []
      for await (const part of app.blobs.listParts(new Date(Date.now() + 60_000))) left.push(part)
      assert.deepEqual(left, [])
    })
    const found = await fetch(`${url}/ori/v1/packages/storm/cut/versions`)
    assert.equal(found.status, 404)
  })

  test('a large archive comes through, one of more than 10 MB does not, and the answer is heard', async () => {
    const noise = new Uint8Array(9 * 1024 * 1024)
    for (let at = 0; at < noise.length; at += 65_536) {
      crypto.getRandomValues(noise.subarray(at, at + 65_536))
    }
    const text = Buffer.from(noise).toString('latin1')
    const packed = pack({
      name: '@storm/big',
      version: '1.0.0',
      files: { 'src/big': text.slice(0, 6e6) },
    })
    const send = async (archive: Uint8Array) => {
      const answer = await fetch(`${registry.url}/ori/v1/packages/storm/big/publish`, {
        method: 'POST',
        headers: { authorization: `Bearer ${secret}` },
        body: formOf(archive),
      })
      return await readAnswer(answer, 'big')
    }
    assert.ok(packed.byteLength > 6e6)
    assert.equal((await send(packed)).status, 201)
    const download = await fetch(`${registry.url}/ori/v1/packages/storm/big/1.0.0/download`)
    assert.equal(Buffer.compare(Buffer.from(await download.arrayBuffer()), Buffer.from(packed)), 0)
    assert.equal((await send(new Uint8Array(10 * 1024 * 1024 + 1))).status, 413)
    assert.equal((await send(new Uint8Array(30 * 1024 * 1024))).status, 413)
  })
})
