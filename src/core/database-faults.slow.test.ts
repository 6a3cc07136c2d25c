import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { openDatabase } from '#runtime/sqlite.ts'
import { test } from '#runtime/test.ts'
import { digestOf, OciClient, textOf } from '#test/oci-client.ts'
import { createTestDatabase } from '#test/postgres.ts'
import { PushStorm } from '#test/push-storm.ts'
import { newUser } from '#test/served.ts'
import {
  openData,
  type ProcessOptions,
  type ServerProcess,
  startServerProcess,
} from '#test/server-process.ts'
import { verify } from './verify/verify.ts'

// biome-ignore lint/style/noProcessEnv: the test runner tells its tests where PostgreSQL is.
const isPostgres = Boolean(process.env.TEST_DATABASE_URL)
const notSqlite = isPostgres ? 'for SQLite' : false
const notPostgres = isPostgres ? false : 'for PostgreSQL: TEST_DATABASE_URL is not set'
const TIMEOUT = 180_000

interface World {
  readonly data: ProcessOptions
  readonly servers: readonly [ServerProcess, ServerProcess]
  readonly authorization: string
  readonly storm: PushStorm
}

/** Two servers on one database, thrown away at the end. */
async function withServers(work: (world: World) => Promise<void>): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'entrepot-faults-'))
  const database = await createTestDatabase()
  const data = { dataDir, databaseUrl: database?.url }
  const { app, close } = await openData(data)
  const ann = await newUser(app, 'ann', { namespaces: ['acme'] })
  await close()
  const servers = await Promise.all([startServerProcess(data), startServerProcess(data)] as const)
  const authorization = `Bearer ${ann.secret}`
  const repositories = ['acme/one', 'acme/two']
  const storm = new PushStorm({ authorization, repositories, tolerated: [503] })
  try {
    await work({ data, servers, authorization, storm })
    await storm.check(servers[1].url)
    await verifyClean(data)
  } catch (error) {
    const logs = servers.map((server) => server.log().slice(-3000)).join('\n')
    throw new Error(`the servers' logs:\n${logs}`, { cause: error })
  } finally {
    for (const server of servers) await server.kill()
    await rm(dataDir, { recursive: true, force: true })
    await database?.drop()
  }
}

/** Pushes to both servers while something is done to their database. */
async function during({ servers, storm }: World, fault: () => Promise<void>): Promise<void> {
  const stopped = new AbortController()
  const more = { signal: stopped.signal, mayBreak: false }
  const pushing = Promise.all(
    ['a', 'b', 'c', 'd'].map((name, index) =>
      storm.push(servers[index % 2]?.url ?? '', name, more),
    ),
  )
  try {
    await Promise.race([fault(), pushing])
  } finally {
    stopped.abort()
  }
  await pushing
}

test(
  'another process locks the SQLite file for seconds',
  { skip: notSqlite, timeout: TIMEOUT },
  () =>
    withServers(async (world) => {
      const client = new OciClient(world.servers[0].url, world.authorization)
      await client.pushImage('acme/one', 'first')
      await during(world, async () => {
        await sleep(300)
        const before = world.storm.acknowledged.length
        const locker = openDatabase(join(world.data.dataDir, 'entrepot.db'))
        locker.exec('pragma busy_timeout = 10000')
        locker.exec('begin immediate')
        const begun = performance.now()
        while (performance.now() - begun < 4000) {
          const read = await client.get('/v2/acme/one/manifests/first')
          assert.equal(read.status, 200, 'reads go on')
          await sleep(50)
        }
        // What was committed a moment before the lock may be acknowledged a moment after it.
        const locked = world.storm.acknowledged.length
        assert.ok(locked - before < 50, 'the file was locked, but pushes went on')
        locker.exec('rollback')
        locker.close()
        await sleep(1000)
        assert.ok(world.storm.acknowledged.length > locked, 'pushes do not go on')
      })
    }),
)

test('PostgreSQL connections die during pushes', { skip: notPostgres, timeout: TIMEOUT }, () =>
  withServers(async (world) => {
    await during(world, async () => {
      for (let round = 0; round < 25; round++) {
        await sleep(120)
        await terminateAll(world)
      }
      const before = world.storm.acknowledged.length
      await sleep(2500)
      assert.ok(world.storm.acknowledged.length > before, 'pushes do not go on')
    })
    process.stderr.write(`connections killed: ${JSON.stringify([...world.storm.statuses])}\n`)
  }),
)

test(
  'no stale answer after listening connections died',
  { skip: notPostgres, timeout: TIMEOUT },
  () =>
    withServers(async (world) => {
      const [writer, reader] = world.servers.map(
        ({ url }) => new OciClient(url, world.authorization),
      ) as [OciClient, OciClient]
      for (let round = 0; round < 12; round++) {
        await tagOf(reader)
        await terminateAll(world)
        // From at once to after the listener is back, which takes a second.
        await sleep(round * 150)
        const image = await patiently(() => writer.pushImage('acme/one', 'moving'))
        await sleep(300)
        for (let look = 0; look < 5; look++) {
          assert.equal(await patiently(() => tagOf(reader)), image.digest, `round ${round}`)
          await sleep(20)
        }
      }
    }),
)

async function tagOf(reader: OciClient): Promise<string> {
  const answer = await reader.get('/v2/acme/one/manifests/moving')
  if (answer.status === 404) return ''
  assert.equal(answer.status, 200, textOf(answer))
  return digestOf(answer.bytes)
}

/** What was told 503 tries again. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt === 20 || !(error instanceof Error) || !/does not answer/.test(error.message))
        throw error
      await sleep(50)
    }
  }
}

async function terminateAll({ data }: World): Promise<void> {
  const client = new pg.Client({ connectionString: data.databaseUrl })
  await client.connect()
  const others = 'datname = current_database() and pid <> pg_backend_pid()'
  await client.query(`select pg_terminate_backend(pid) from pg_stat_activity where ${others}`)
  await client.end()
}

async function verifyClean(data: ProcessOptions): Promise<void> {
  const { app, close } = await openData(data)
  try {
    const problems: unknown[] = []
    await verify(app, { checkBytes: true, onProblem: (problem) => problems.push(problem) })
    assert.deepEqual(problems, [])
  } finally {
    await close()
  }
}
