import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { App } from '#core/app.ts'
import { collectGarbage } from '#core/blobs/collect.ts'
import { LogLostError } from '#core/log/log-memory.ts'
import { sequence } from '#core/log/sequence.ts'
import { verify } from '#core/verify/verify.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { OciClient } from '#test/oci-client.ts'
import { newUser } from '#test/served.ts'
import { openData, type ServerProcess, startServerProcess } from '#test/server-process.ts'

const run = promisify(execFile)
/** The package only starts this, and hears of no signal. */
const LITESTREAM = join(
  dirname(fileURLToPath(import.meta.resolve('@flydotio/litestream'))),
  `../litestream-${process.platform}-${process.arch}/litestream`,
)
/** Litestream's own default, of the replica and of its look at the WAL. */
const SYNC_MS = 1_000
/** Litestream looks at the WAL once a second and sends once a second; the machine of the tests is busy. */
const SAFE_MS = 2 * SYNC_MS + 4_000

const settings = { ENTREPOT_LOG_ORIGIN: 'log.test/log' }

/** An image that the registry said it has, and when. */
interface Acknowledged {
  readonly tag: string
  readonly digest: string
  readonly at: number
}

describe('Litestream', () => {
  let dir: string
  let dataDir: string
  let server: ServerProcess
  let replicating: ChildProcess
  let authorization: string

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'entrepot-litestream-'))
    dataDir = join(dir, 'data')
    const { app, close } = await openData({ dataDir })
    const ann = await newUser(app, 'ann', { namespaces: ['acme'] })
    await close()
    authorization = `Bearer ${ann.secret}`
    // As docs/backup.md has it.
    await writeFile(
      join(dir, 'litestream.yml'),
      `dbs:
  - path: ${join(dataDir, 'entrepot.db')}
    replicas:
      - type: file
        path: ${join(dir, 'replica')}
        sync-interval: 1s
`,
    )
  })
  after(async () => {
    await server?.kill()
    replicating?.kill('SIGKILL')
    await rm(dir, { recursive: true, force: true })
  })

  const litestream = (command: string, ...args: string[]) => [
    command,
    ...['-config', join(dir, 'litestream.yml')],
    ...args,
  ]

  async function pushOne(acknowledged: Acknowledged[]): Promise<void> {
    const client = new OciClient(server.url, authorization)
    const tag = `v${acknowledged.length}`
    const { digest } = await client.pushImage('acme/web', tag)
    acknowledged.push({ tag, digest, at: Date.now() })
  }

  /** Entries in the newest checkpoint that a file beside the key tells of. */
  async function signedEntries(): Promise<number> {
    const note = await readFile(join(dataDir, 'log.checkpoint'), 'utf8')
    return Number(note.split('\n')[1])
  }

  /** Everything but the database: it comes from the replica. */
  async function copyBeside(to: string): Promise<void> {
    await mkdir(to)
    for (const name of ['blobs', 'log.key', 'log.checkpoint']) {
      await cp(join(dataDir, name), join(to, name), { recursive: true, preserveTimestamps: true })
    }
  }

  test('what was acknowledged more than the interval before the end is there', {
    timeout: 120_000,
    skip: !existsSync(LITESTREAM) && 'Litestream has no binary for this machine',
  }, async () => {
    server = await startServerProcess({ dataDir, settings })
    replicating = spawn(LITESTREAM, litestream('replicate'), { stdio: 'ignore' })
    const acknowledged: Acknowledged[] = []
    const isReplicated = () => existsSync(join(dir, 'replica', 'generations'))
    const enough = () =>
      isReplicated() && Date.now() - (acknowledged[0]?.at ?? Date.now()) > SAFE_MS * 1.5
    while (!enough()) await pushOne(acknowledged)
    replicating.kill('SIGKILL')
    const endedAt = Date.now()
    // Never replicated, as if the disk had been lost in the middle of an interval.
    for (let n = 0; n < 3; n++) await pushOne(acknowledged)
    while ((await signedEntries()) < acknowledged.length) await sleep(20)
    await server.kill()

    const restored = join(dir, 'restored')
    await copyBeside(restored)
    await run(
      LITESTREAM,
      litestream('restore', '-o', join(restored, 'entrepot.db'), join(dataDir, 'entrepot.db')),
    )
    const { app, close } = await openData({ dataDir: restored, settings })
    try {
      const releases = await app.database.db.selectFrom('releases').select('digest').execute()
      const there = new Set(releases.map(({ digest }) => digest))
      const lost = acknowledged.filter(({ digest }) => !there.has(digest))
      assert.ok(lost.length >= 3, 'what was never replicated cannot be there')
      assert.ok(there.size > 0)
      const windowMs = endedAt - Math.min(endedAt, ...lost.map(({ at }) => at))
      assert.ok(windowMs <= SAFE_MS, `what was acknowledged ${windowMs} ms before is lost`)
      await checkSound(app, lost.length)
      // The log must not be signed on from here: what was lost was published.
      await assert.rejects(sequence(app), (error: Error) => {
        assert.ok(error instanceof LogLostError)
        return /an older state was restored/.test(error.message)
      })
      const renamed = { ...app, settings: { ...app.settings, logOrigin: 'again.example.org/log' } }
      await sequence(renamed)
    } finally {
      await close()
    }
  })

  /** All is well, and blobs that are newer than the database are orphans, which collection takes. */
  async function checkSound(app: App, lost: number): Promise<void> {
    const check = async () => {
      const problems: unknown[] = []
      const onProblem = (problem: unknown) => problems.push(problem)
      const { orphans } = await verify(app, { checkBytes: true, onProblem })
      assert.deepEqual(problems, [])
      return orphans
    }
    const later = { ...app, clock: () => new Date(Date.now() + 7 * 86_400_000) }
    assert.equal(await check(), 0)
    const { orphanFiles } = await collectGarbage(later, { dryRun: false })
    // Config, layer and manifest of each.
    assert.ok(orphanFiles >= lost * 2, `${orphanFiles} orphans of ${lost} lost images`)
    assert.equal(await check(), 0)
  }
})
