import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { appendFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, before, test } from '#runtime/test.ts'
import { packElba } from '#test/elba-world.ts'
import { jsonOf, OciClient, randomBytes, textOf } from '#test/oci-client.ts'
import { PushStorm } from '#test/push-storm.ts'
import { newUser } from '#test/served.ts'
import { openData, type ServerProcess, startServerProcess } from '#test/server-process.ts'
import { verify } from './verify/verify.ts'

const MIB = 1024 * 1024
const disk = mountSmallDisk()
const skip = disk ? false : 'no tmpfs can be mounted here (root is needed)'
const dataDir = disk ?? ''
const ballast = join(dataDir, 'ballast')

let server: ServerProcess
let authorization: string
let storm: PushStorm

if (disk) {
  before(async () => {
    const { app, close } = await openData({ dataDir })
    const ann = await newUser(app, 'ann', { namespaces: ['acme'] })
    await close()
    authorization = `Bearer ${ann.secret}`
    storm = new PushStorm({
      authorization,
      repositories: ['acme/one', 'acme/two'],
      tolerated: [507],
      maxBlobBytes: 400_000,
    })
    // Every change is counted against a limit, which nobody reaches.
    const settings = { ENTREPOT_RATES_WRITE_AUTHENTICATED: '1000000' }
    server = await startServerProcess({ dataDir, settings })
  })
  after(async () => {
    await server.kill()
    execFileSync('umount', ['-l', disk])
    await rm(disk, { recursive: true, force: true })
  })
}

test('a full disk is 507, loses nothing, and is forgotten when there is room', {
  skip,
}, async () => {
  await writeFile(ballast, randomBytes(6 * MIB))
  await stormUntilFull(30)
  await storm.check(server.url)
  await rm(ballast)
  await pushesAgain()
  await verifyClean()
})

test('a disk without a byte left for the database is 507 too, and reads go on', {
  skip,
}, async () => {
  await fillUp()
  const client = new OciClient(server.url, authorization)
  const image = await client.get('/v2/acme/one/tags/list')
  assert.equal(image.status, 200, textOf(image))
  const statuses = new Set<number>()
  for (let attempt = 0; attempt < 400; attempt++) {
    // Nothing but a row: only the database has to write.
    const opened = await client.request('POST', '/v2/acme/one/blobs/uploads/')
    statuses.add(opened.status)
    assert.ok([202, 507].includes(opened.status), textOf(opened))
    if (opened.status !== 507) continue
    const { errors } = jsonOf<{ errors: { message: string }[] }>(opened)
    assert.match(errors[0]?.message ?? '', /space/)
    break
  }
  assert.ok(statuses.has(507), 'the database never ran out of space')
  // Failures are counted in a file too: that it cannot grow must not turn 401 into 500.
  const wrong = new OciClient(server.url, 'Bearer entrepot_wrong')
  for (let attempt = 0; attempt < 60; attempt++) {
    const answer = await wrong.get('/v2/')
    assert.ok([401, 429, 507].includes(answer.status), `${answer.status} ${textOf(answer)}`)
  }
  await storm.check(server.url)
  await rm(ballast)
  await pushesAgain()
  await verifyClean()
})

test('an index and its repository go on after a full disk', { skip }, async () => {
  const published: string[] = []
  const publish = async (version: string) => {
    const url = `${server.url}/elba/api/v1/packages/acme/kit/${version}/publish`
    const body = new Uint8Array(packElba({ name: 'acme/kit', version }))
    const answer = await fetch(url, { method: 'PUT', headers: { authorization }, body })
    assert.ok([200, 507].includes(answer.status), `${answer.status} ${await answer.text()}`)
    if (answer.status === 200) published.push(version)
    return answer.status
  }
  assert.equal(await publish('1.0.0'), 200)
  await fillUp()
  let patch = 1
  // What little room is left may take some; their commits then find none.
  while ((await publish(`1.0.${patch}`)) === 200 && patch < 500) patch++
  await rm(ballast)
  assert.equal(await publish('2.0.0'), 200)
  const clone = () => {
    const target = mkdtempSync(join(tmpdir(), 'entrepot-clone-'))
    execFileSync('git', ['clone', '--quiet', `${server.url}/elba/index.git`, target])
    const lines = readFileSync(join(target, 'acme/kit'), 'utf8').trim().split('\n')
    rmSync(target, { recursive: true })
    return lines.map((line) => (JSON.parse(line) as { version: string }).version)
  }
  // A reader finds what was acknowledged at the latest a second before.
  await sleep(1000)
  assert.deepEqual(clone(), published)
  await verifyClean()
})

/** Pushes until so many were refused for want of space. */
async function stormUntilFull(refusals: number): Promise<void> {
  const stopped = new AbortController()
  const watch = setInterval(() => {
    if ((storm.statuses.get(507) ?? 0) >= refusals) stopped.abort()
  }, 20)
  const more = { signal: stopped.signal, mayBreak: false }
  await Promise.all(['a', 'b', 'c', 'd'].map((name) => storm.push(server.url, name, more)))
  clearInterval(watch)
}

/** The same process, without a restart. */
async function pushesAgain(): Promise<void> {
  const client = new OciClient(server.url, authorization)
  for (let round = 0; round < 10; round++) await client.pushImage('acme/after', `t${round}`)
}

async function fillUp(): Promise<void> {
  for (const size of [MIB, 64 * 1024, 4096, 512, 1]) {
    try {
      for (;;) await appendFile(ballast, randomBytes(size))
    } catch {
      // Full to this size.
    }
  }
}

async function verifyClean(): Promise<void> {
  const { app, close } = await openData({ dataDir })
  try {
    const problems: unknown[] = []
    await verify(app, { checkBytes: true, onProblem: (problem) => problems.push(problem) })
    assert.deepEqual(problems, [])
  } finally {
    await close()
  }
}

function mountSmallDisk(): string | undefined {
  // biome-ignore lint/style/noProcessEnv: with PostgreSQL the database is not on this disk
  if (process.platform !== 'linux' || process.env.TEST_DATABASE_URL) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'entrepot-full-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', folder], { stdio: 'pipe' })
    return folder
  } catch {
    return undefined
  }
}
