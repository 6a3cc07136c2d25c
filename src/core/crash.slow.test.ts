import { randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from '#runtime/test.ts'
import { checkVerifies, collectAndCheck } from '#test/after-crash.ts'
import { createTestDatabase } from '#test/postgres.ts'
import { PushStorm } from '#test/push-storm.ts'
import { newUser } from '#test/served.ts'
import { openData, type ProcessOptions, startServerProcess } from '#test/server-process.ts'

// biome-ignore lint/style/noProcessEnv: how often is the caller's business
const KILLS = Number(process.env.ENTREPOT_TEST_KILLS ?? 8)
const CLIENTS = 8

test(`kill -9 in a storm of pushes, ${KILLS} times`, {
  timeout: 60_000 + KILLS * 15_000,
}, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'entrepot-crash-'))
  const database = await createTestDatabase()
  const data: ProcessOptions = { dataDir, databaseUrl: database?.url }
  try {
    const storm = await prepare(data)
    const begun = Date.now()
    const totals = { resumed: 0, unknown: 0 }
    for (let round = 0; round < KILLS; round++) {
      const { resumed, unknown } = await stormAndKill(data, storm)
      totals.resumed += resumed
      totals.unknown += unknown
    }
    await checkAll(data, storm)
    say({ kills: KILLS, seconds: (Date.now() - begun) / 1000, ...totals }, storm)
    await collectAndCheck(data)
  } finally {
    await rm(dataDir, { recursive: true, force: true })
    await database?.drop()
  }
})

async function prepare(data: ProcessOptions): Promise<PushStorm> {
  const { app, close } = await openData(data)
  const ann = await newUser(app, 'ann', { namespaces: ['acme'] })
  await close()
  return new PushStorm({
    authorization: `Bearer ${ann.secret}`,
    repositories: ['acme/one', 'acme/two', 'acme/deep/three'],
  })
}

/** Starts the server, looks at what the last round left, storms, and kills in the middle. */
async function stormAndKill(data: ProcessOptions, storm: PushStorm) {
  const server = await startServerProcess(data)
  const before = storm.acknowledged.length
  try {
    const outcome = await storm.resume(server.url)
    const names = Array.from({ length: CLIENTS }, (_, index) => `client${index}`)
    const more = { signal: new AbortController().signal, mayBreak: true }
    const pushing = Promise.all(names.map((name) => storm.push(server.url, name, more)))
    await Promise.race([sleep(50 + randomInt(1000)), pushing])
    await server.kill()
    await pushing
    await checkRecent(data, storm, before)
    return outcome
  } catch (error) {
    throw new Error(`the server's log:\n${server.log()}`, { cause: error })
  } finally {
    await server.kill()
  }
}

/** Of the round that was just killed, in a new process: most at risk. */
async function checkRecent(data: ProcessOptions, storm: PushStorm, from: number): Promise<void> {
  const server = await startServerProcess(data)
  try {
    await storm.check(server.url, from)
  } catch (error) {
    throw new Error(`the server's log:\n${server.log()}`, { cause: error })
  } finally {
    await server.kill()
  }
}

async function checkAll(data: ProcessOptions, storm: PushStorm): Promise<void> {
  const server = await startServerProcess(data)
  try {
    await storm.resume(server.url)
    await storm.check(server.url)
    await checkVerifies(data)
  } finally {
    await server.stop()
  }
}

function say(figures: object, storm: PushStorm): void {
  const acknowledged = storm.acknowledged.length
  const statuses = Object.fromEntries(storm.statuses)
  process.stderr.write(`crash: ${JSON.stringify({ ...figures, acknowledged, statuses })}\n`)
}
