import assert from 'node:assert/strict'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findLogSeeds } from '#adapters/fs-log-key.ts'
import { addPackage, publish } from '#core/blobs/collect-fixture.ts'
import { verify } from '#core/verify/verify.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { createTestDatabase } from '#test/postgres.ts'
import { openData, type ProcessOptions, startServerProcess } from '#test/server-process.ts'
import { openCheckpoint } from './checkpoint.ts'
import { isConsistent, type TreeHead } from './merkle-verify.ts'
import { parseVerifier } from './note.ts'
import { proveConsistency } from './prove.ts'

const KILLS = 4

describe('the key of the log', () => {
  let dir: string
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'entrepot-key-'))
  })
  after(() => rm(dir, { recursive: true, force: true }))

  test('is made once, for its owner only, whoever starts at once', async () => {
    const path = join(dir, 'log.key')
    assert.deepEqual(await findLogSeeds(path, { mayCreate: false }), [])
    const all = await Promise.all(
      Array.from({ length: 8 }, () => findLogSeeds(path, { mayCreate: true })),
    )
    for (const seeds of all) assert.deepEqual(seeds, all[0])
    assert.equal(all[0]?.[0]?.length, 32)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    const [seed = new Uint8Array()] = all[0] ?? []
    const second = new Uint8Array(32).fill(3)
    const lines = [second, seed].map((one) => Buffer.from(one).toString('base64'))
    await writeFile(path, `${lines.join('\n')}\n`)
    const both = await findLogSeeds(path, { mayCreate: true })
    assert.deepEqual(
      both.map((one) => [...one]),
      [[...second], [...seed]],
    )
    for (const wrong of ['AAAA\n', 'x', `${lines[0]}=`]) {
      await writeFile(path, wrong)
      await assert.rejects(findLogSeeds(path, { mayCreate: true }), /not a key of the log/)
    }
    await chmod(path, 0o600)
    assert.equal(await readFile(path, 'utf8'), `${lines[0]}=`)
  })
})

describe('the log of real processes', () => {
  let data: ProcessOptions
  let drop: () => Promise<void>
  before(async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'entrepot-log-'))
    const database = await createTestDatabase()
    data = { dataDir, databaseUrl: database?.url }
    drop = async () => {
      await rm(dataDir, { recursive: true, force: true })
      await database?.drop()
    }
  })
  after(() => drop())

  test(`kill -9, ${KILLS} times: what was published is in the log within a second`, async () => {
    const { app, close } = await openData(data)
    const heads: TreeHead[] = []
    for (let round = 0; round < KILLS; round++) {
      const server = await startServerProcess({
        ...data,
        settings: { ENTREPOT_LOG_ORIGIN: 'log.test' },
      })
      try {
        const about = async () => {
          const response = await fetch(`${server.url}/log/`)
          return (await response.json()) as { size: number; verifierKeys: string[] }
        }
        await publish(app, await addPackage(app, 'acme', `app-${round}`), [])
        const publishedAt = performance.now()
        while ((await about()).size < (heads.at(-1)?.size ?? 0) + 1) {
          assert.ok(performance.now() - publishedAt < 1_000, 'a second passed')
          await new Promise((resolve) => setTimeout(resolve, 10))
        }
        const note = await (await fetch(`${server.url}/log/checkpoint`)).text()
        const verifiers = (await about()).verifierKeys.map(parseVerifier)
        heads.push(openCheckpoint(note, 'log.test', verifiers))
        // Killed while it sequences what was just published.
        await publish(app, await addPackage(app, 'acme', `late-${round}`), [])
      } finally {
        await server.kill()
      }
    }
    for (const [at, head] of heads.entries()) {
      const old = heads[at - 1]
      if (!old) continue
      const proof = await proveConsistency(app, old.size, head.size)
      assert.ok(isConsistent(old, head, proof))
    }
    const problems: unknown[] = []
    await verify(app, { checkBytes: false, onProblem: (problem) => problems.push(problem) })
    assert.deepEqual(problems, [])
    await close()
  })
})
