import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { after, before, describe, test } from '#runtime/test.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '..', '..')
/** Neither Node nor npm nor the sources: only what the file itself brings. */
const BARE = { PATH: '/usr/bin:/bin' }

describe('the single executable', () => {
  let dir: string
  let program: string

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'entrepot-build-'))
    program = join(dir, 'entrepot')
    await run('sh', ['scripts/run.sh', 'scripts/build.ts', 'src/main.ts', program], { cwd: ROOT })
  })
  after(() => rm(dir, { recursive: true, force: true }))

  test('serves, migrates and does the commands, alone in an empty folder', async () => {
    const server = spawn(program, ['serve', '--listen', '127.0.0.1:0'], {
      cwd: dir,
      env: BARE,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    try {
      const [line] = await once(createInterface(server.stdout), 'line')
      const url = /serves (http:\S+)/.exec(String(line))?.[1]
      assert.equal((await fetch(`${url}/readyz`)).status, 200)
      const options = { cwd: dir, env: BARE }
      await run(
        program,
        ['user', 'create', 'ann', '--email', 'ann@example.org', '--operator'],
        options,
      )
      const { stdout } = await run(
        program,
        ['token', 'create', '--user', 'ann', '--scope', 'read,publish'],
        options,
      )
      const answer = await fetch(`${url}/v2/`, {
        headers: { authorization: `Bearer ${stdout.trim()}` },
      })
      assert.equal(answer.status, 200, await answer.text())
      const { stdout: report } = await run(program, ['verify', '--json'], options)
      assert.deepEqual((JSON.parse(report) as { problems: unknown[] }).problems, [])
    } finally {
      server.kill('SIGTERM')
      const [code] = await once(server, 'exit')
      assert.equal(code, 0)
    }
  })
})
