import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { environment } from '#config.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { PushStorm } from '#test/push-storm.ts'
import { openTestCli, type Ran, type StartedServer, type TestCli } from './test-cli.ts'

const MAIN = join(import.meta.dirname, '..', 'main.ts')
const TIMEOUT = { timeout: 180_000 }

describe('entrepot backup', () => {
  let cli: TestCli
  let other: TestCli
  let server: StartedServer
  let storm: PushStorm
  let noise: PushStorm
  let place: string

  before(async () => {
    cli = await openTestCli()
    other = await openTestCli()
    place = join(cli.dir, 'backups')
    server = await cli.serve()
    await ok(cli, 'user', 'create', 'ann', '--email', 'ann@example.org')
    await ok(cli, 'namespace', 'create', 'acme', '--owner', 'ann')
    const secret = await ok(cli, 'token', 'create', '--user', 'ann', '--scope', 'read,publish')
    const authorization = `Bearer ${secret.trim()}`
    const tolerated = [429]
    storm = new PushStorm({ authorization, tolerated, repositories: ['acme/one', 'acme/two'] })
    noise = new PushStorm({ authorization, tolerated, repositories: ['acme/noise'] })
    await rage(storm, async () => {
      while (storm.acknowledged.length < 30) await sleep(20)
    })
  })
  after(async () => {
    await cli.close()
    await other.close()
  })

  async function rage<T>(what: PushStorm, until: () => Promise<T>): Promise<T> {
    const stop = new AbortController()
    const pushing = [1, 2].map((n) =>
      what.push(server.url, `client${n}`, { signal: stop.signal, mayBreak: false }),
    )
    try {
      return await until()
    } finally {
      stop.abort()
      await Promise.all(pushing)
    }
  }
  async function ok(where: TestCli, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await where.run(args)
    assert.equal(code, 0, stderr)
    return stdout
  }
  async function refused(where: TestCli, args: string[], message: RegExp): Promise<void> {
    const ran: Ran = await where.run(args)
    assert.equal(ran.code, 1, ran.stdout)
    assert.match(ran.stderr, message)
  }
  const restore = (...args: string[]) => ['backup', 'restore', '--from', place, ...args]
  const emptied = async () => {
    await other.close()
    other = await openTestCli()
  }

  /** The command in a process that can be killed. */
  function start(where: TestCli, args: readonly string[]): ChildProcess {
    const { PATH = '' } = environment()
    const database = where.databaseUrl ? { ENTREPOT_DATABASE_URL: where.databaseUrl } : {}
    const env = { PATH, ...database }
    return spawn(process.execPath, [MAIN, ...args], { cwd: where.dir, env, stdio: 'ignore' })
  }
  /** Kills the command as soon as something is to be seen; false when it ended before. */
  async function killWhen(child: ChildProcess, isSeen: () => boolean): Promise<boolean> {
    while (child.exitCode === null && !isSeen()) await sleep(1)
    if (child.exitCode !== null) return false
    child.kill('SIGKILL')
    await once(child, 'exit')
    return child.signalCode === 'SIGKILL'
  }

  test(
    'restores elsewhere what was acknowledged, whatever went on meanwhile',
    TIMEOUT,
    async () => {
      await rage(noise, async () => {
        const { code, stderr } = await cli.shell(
          `'${MAIN.replace('src/main.ts', 'bin/entrepot')}' backup create '${place}' <&-`,
        )
        assert.deepEqual([code, stderr], [0, ''])
        await ok(cli, 'gc')
        assert.match(await ok(cli, 'backup', 'create', place), /^\S+Z(-\d)?: \d+ releases, /)
      })
      const rows = (await ok(cli, 'backup', 'list', place)).trimEnd().split('\n')
      assert.equal(rows.length, 2)
      assert.match(rows[1] ?? '', /^\S+Z(-\d)?\t\d+\t\d+\t[\d.]+ \w+\t\d+\tcomplete$/)
      assert.equal(await ok(cli, 'backup', 'verify', place), '')

      await refused(cli, restore(), /a registry is running on .*\/data: stop it first/)
      assert.match(await ok(other, ...restore()), /^restored \S+: \d+ releases, .*; all is well\n$/)
      await ok(other, 'verify')
      await refused(other, restore(), /\/data is not empty \(\S+\): a restore needs an empty/)
      const elsewhere = await other.serve()
      await storm.check(elsewhere.url)
      if (other.databaseUrl) {
        const message = /a registry is running on the database: stop every server/
        await refused(other, restore('--data', 'fresh'), message)
      }
      elsewhere.kill('SIGTERM')
      await elsewhere.ended
      if (other.databaseUrl) {
        const message = /the database is not empty \(\w+\): a restore needs an empty one/
        await refused(other, restore('--data', 'new'), message)
      }
    },
  )

  test(
    'kill -9 in the middle of a backup leaves none, and the next one works',
    TIMEOUT,
    async () => {
      const target = join(cli.dir, 'killed')
      const snapshots = join(target, 'snapshots')
      const isBegun = () => existsSync(snapshots) && readdirSync(snapshots).length > 0
      for (let attempt = 0; ; attempt++) {
        assert.ok(attempt < 5, 'never killed in time')
        await rm(target, { recursive: true, force: true })
        if (await killWhen(start(cli, ['backup', 'create', target]), isBegun)) break
      }
      const listed = await cli.run(['backup', 'list', target])
      assert.deepEqual([listed.code, listed.stdout], [0, ''])
      assert.match(listed.stderr, /^1 unfinished backup/)
      await refused(
        other,
        ['backup', 'restore', '--from', target],
        /there is no complete backup in/,
      )
      await ok(cli, 'backup', 'create', target, '--keep', '1')
      await ok(cli, 'backup', 'verify', target)
      const { backups, unfinished } = JSON.parse(await ok(cli, 'backup', 'list', target, '--json'))
      assert.deepEqual([backups.length, unfinished], [1, []])
    },
  )

  test('no server starts on half a restore, which can be done again', TIMEOUT, async () => {
    for (let attempt = 0; ; attempt++) {
      assert.ok(attempt < 5, 'never killed in time')
      await emptied()
      const isBegun = () => existsSync(join(other.dir, 'data', 'blobs', 'sha256'))
      if (await killWhen(start(other, restore()), isBegun)) break
    }
    const message = /a restore into .*\/data did not finish: run `entrepot backup restore` again/
    await assert.rejects(other.serve(), message)
    await refused(other, ['verify'], message)
    await ok(other, ...restore())
    await ok(other, 'verify')
  })

  test('a log that was longer is not signed on, unless its name changes', TIMEOUT, async () => {
    await emptied()
    const [first = ''] = (await ok(cli, 'backup', 'list', place)).split('\t')
    await ok(cli, 'backup', 'create', place)
    const { stderr } = await other.run(restore('--at', first))
    assert.match(stderr, /^a newer backup knows \d+ more records? of the log/)
    const origin = { ENTREPOT_LOG_ORIGIN: new URL(server.url).host.concat('/log') }
    const forked = await other.serve([], origin)
    const before = await checkpoint(forked)
    while (!/an older state was restored.*the log cannot be published/.test(forked.stderr())) {
      await sleep(20)
    }
    assert.equal(await checkpoint(forked), before)
    // Not gently: fetch keeps its connection for a while.
    forked.kill('SIGKILL')
    await forked.ended
    const renamed = await other.serve([], { ENTREPOT_LOG_ORIGIN: 'again.example.org/log' })
    while (!(await checkpoint(renamed)).startsWith('again.example.org/log\n')) await sleep(20)
  })

  async function checkpoint({ url }: StartedServer): Promise<string> {
    return await (await fetch(`${url}/log/checkpoint`)).text()
  }

  test('damage and other versions are refused by name', TIMEOUT, async () => {
    await emptied()
    const newest = readdirSync(join(place, 'snapshots')).sort().at(-1) ?? ''
    const file = join(place, 'snapshots', newest, 'database', 'users.jsonl.gz')
    const whole = await readFile(file)
    await writeFile(file, whole.subarray(1))
    const damage = /the backup cannot be used: \S+\/database\/users\.jsonl\.gz: it is damaged/
    await refused(other, restore(), damage)
    const { code, stdout } = await cli.run(['backup', 'verify', place])
    assert.equal(code, 1)
    assert.equal(
      stdout,
      `${newest}/database/users.jsonl.gz\tit is damaged: its bytes have another digest\n`,
    )
    await writeFile(file, whole)
    await refused(cli, ['backup', 'create', cli.dir], /holds no backups but other things/)
    await refused(cli, ['backup', 'verify', cli.dir], /there is no complete backup in/)
  })
})
