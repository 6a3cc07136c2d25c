import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from '#runtime/test.ts'
import { checkVerifies, collectAndCheck } from '#test/after-crash.ts'
import { OriStorm } from '#test/ori-storm.ts'
import { createTestDatabase } from '#test/postgres.ts'
import { randomFrom } from '#test/random.ts'
import { newUser } from '#test/served.ts'
import { openData, type ProcessOptions, startServerProcess } from '#test/server-process.ts'

// biome-ignore lint/style/noProcessEnv: how often, and when, is the caller's business
const { ENTREPOT_TEST_KILLS, ENTREPOT_TEST_SEED } = process.env
const KILLS = Number(ENTREPOT_TEST_KILLS ?? 8)
const SEED = Number(ENTREPOT_TEST_SEED ?? 20_261_121)
const CLIENTS = 8

test(`kill -9 in a storm of Ori packages, ${KILLS} times, seed ${SEED}`, {
  timeout: 60_000 + KILLS * 15_000,
}, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'entrepot-ori-crash-'))
  const database = await createTestDatabase()
  const unlimited = Object.fromEntries(
    ['ANONYMOUS', 'AUTHENTICATED'].map((who) => [`ENTREPOT_RATES_ORI_READ_${who}`, '0']),
  )
  // The log keeps its name, though each process has another port.
  const settings = { ...unlimited, ENTREPOT_LOG_ORIGIN: 'log.test' }
  const data: ProcessOptions = { dataDir, databaseUrl: database?.url, settings }
  try {
    const storm = await prepare(data)
    const random = randomFrom(SEED)
    const begun = Date.now()
    for (let round = 0; round < KILLS; round++) await stormAndKill(data, storm, random(1400))
    await checkAll(data, storm)
    const seconds = (Date.now() - begun) / 1000
    const statuses = Object.fromEntries(storm.statuses)
    const { acknowledged } = storm
    const figures = { kills: KILLS, seed: SEED, seconds, acknowledged, statuses }
    process.stderr.write(`ori crash: ${JSON.stringify(figures)}\n`)
    await collectAndCheck(data)
  } finally {
    await rm(dataDir, { recursive: true, force: true })
    await database?.drop()
  }
})

async function prepare(data: ProcessOptions): Promise<OriStorm> {
  const { app, close } = await openData(data)
  const ann = await newUser(app, 'ann', { namespaces: ['acme'] })
  await close()
  return new OriStorm({
    authorization: `Bearer ${ann.secret}`,
    packages: ['@acme/one', '@acme/two', '@acme/three'],
    seed: SEED,
  })
}

/** Starts the server, looks at what the last round left, storms, and kills in the middle. */
async function stormAndKill(data: ProcessOptions, storm: OriStorm, afterMs: number): Promise<void> {
  const server = await startServerProcess(data)
  try {
    await storm.check(server.url)
    const raging = storm.rage(server.url, CLIENTS)
    await Promise.race([sleep(100 + afterMs), raging])
    await server.kill()
    await raging
  } catch (error) {
    throw new Error(`the server's log:\n${server.log()}`, { cause: error })
  } finally {
    await server.kill()
  }
}

async function checkAll(data: ProcessOptions, storm: OriStorm): Promise<void> {
  const server = await startServerProcess(data)
  try {
    await storm.check(server.url, { all: true })
    await checkVerifies(data)
  } finally {
    await server.stop()
  }
}
