import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, mkdir, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openGit } from '#adapters/git.ts'
import { createUser } from '#core/accounts/create-user.ts'
import type { App } from '#core/app.ts'
import { createNamespace } from '#core/namespaces/create-namespace.ts'
import { afterEach, beforeEach, describe, test } from '#runtime/test.ts'
import { GIT, openTestApp, operator, type TestApp } from '#test/app.ts'
import { commitIndex } from './commit-index.ts'
import { publishToy, toyWithIndex } from './index-fixture.ts'
import { openIndexRepository } from './index-repository.ts'
import { prepareIndex } from './index-state.ts'
import { startIndexWriter } from './index-writer.ts'

let t: TestApp
let app: App
let dir: string
let warnings: string[]

beforeEach(async () => {
  t = await openTestApp()
  dir = join(t.dir, 'git', 'index', 'toy.git')
  warnings = []
  const log = { ...t.app.log, warn: (_: object, message: string) => void warnings.push(message) }
  const git = openGit({ ...GIT, root: join(t.dir, 'git'), log })
  app = { ...t.app, git, log, ecosystems: [toyWithIndex] }
  await createUser(app, operator, { name: 'ann', email: 'ann@example.org' })
  await createNamespace(app, operator, { name: 'acme', owner: 'ann' })
  await prepareIndex(app, toyWithIndex)
  for (const version of ['1', '2', '3']) {
    await publishToy(app, 'acme/a', version)
    await commitIndex(app, toyWithIndex)
    await openIndexRepository(app, toyWithIndex)
  }
})
afterEach(() => t.close())

const git = (...args: string[]) =>
  execFileSync('git', [`--git-dir=${dir}`, ...args], { encoding: 'utf8', stdio: 'pipe' }).trim()

const packs = join('objects', 'pack')

/** What may happen to a repository, and whether it shows without anything else happening. */
const DAMAGES: Readonly<Record<string, () => Promise<void>>> = {
  'a pack is gone': async () => {
    const [pack = ''] = (await readdir(join(dir, packs))).filter((one) => one.endsWith('.pack'))
    await rm(join(dir, packs, pack))
  },
  'everything is gone': async () => await rm(dir, { recursive: true }),
  'the ref is garbage': async () => {
    await mkdir(join(dir, 'refs', 'heads'), { recursive: true })
    await writeFile(join(dir, 'refs', 'heads', 'master'), 'garbage\n')
  },
  'the packed refs are garbage': async () => {
    await chmod(join(dir, 'packed-refs'), 0o600)
    await writeFile(join(dir, 'packed-refs'), 'garbage\n')
  },
  'the ref is an older commit': async () => {
    git('update-ref', 'refs/heads/master', git('rev-parse', 'master~1'))
  },
  'the ref is a commit of somebody else': async () => {
    const tree = git('rev-parse', 'master^{tree}')
    const who = ['-c', 'user.name=x', '-c', 'user.email=x@example.org']
    git('update-ref', 'refs/heads/master', git(...who, 'commit-tree', '-m', 'x', tree))
  },
  'a lock was left behind': async () => {
    git('update-ref', 'refs/heads/master', git('rev-parse', 'master~1'))
    const long = new Date(Date.now() - 3_600_000)
    for (const file of ['refs/heads/master.lock', 'packed-refs.lock']) {
      await writeFile(join(dir, file), '')
      await utimes(join(dir, file), long, long)
    }
  },
  'the ref is gone': async () => void git('update-ref', '-d', 'refs/heads/master'),
}

describe('a repository of an index that', () => {
  for (const [name, damage] of Object.entries(DAMAGES)) {
    test(`${name} heals, and is what it was`, async () => {
      const { head } = await openIndexRepository(app, toyWithIndex)
      const objects = git('rev-list', '--objects', 'master')
      await damage()
      assert.equal((await openIndexRepository(app, toyWithIndex)).head, head)
      assert.equal(git('rev-parse', 'master'), head)
      assert.equal(git('rev-list', '--objects', 'master'), objects)
      git('fsck', '--full', '--strict')
      await publishToy(app, 'acme/b', '1')
      await commitIndex(app, toyWithIndex)
      const next = await openIndexRepository(app, toyWithIndex)
      assert.equal(git('rev-parse', 'master~1'), head)
      assert.equal(git('rev-parse', 'master'), next.head)
    })
  }

  test('was damaged is said in the log', async () => {
    await DAMAGES['a pack is gone']?.()
    await openIndexRepository(app, toyWithIndex)
    assert.deepEqual(warnings, ['a git repository is damaged: made anew'])
  })

  test('cannot be written waits: commits go on, and it follows when it can', async () => {
    const program = join(t.dir, 'full-git')
    const full = join(t.dir, 'full')
    const script = `#!/bin/sh\ncase "$*" in *fast-import*) [ -e ${full} ] && { head -c 100 >/dev/null; echo 'fatal: No space left on device' >&2; exit 128; };; esac\nexec git "$@"\n`
    await writeFile(program, script, { mode: 0o755 })
    await writeFile(full, '')
    const fullGit = openGit({ ...GIT, program, root: join(t.dir, 'git'), log: app.log })
    const failing = { ...app, git: fullGit }
    const before = await openIndexRepository(app, toyWithIndex)
    const writer = startIndexWriter(failing, { pollMs: 20, pauseMs: 10 })
    try {
      await publishToy(failing, 'acme/b', '1')
      await writer.idle()
      await publishToy(failing, 'acme/b', '2')
      await writer.idle()
      assert.deepEqual(warnings, ['the repository of an index cannot be written'])
      assert.equal(git('rev-parse', 'master'), before.head)
      git('fsck', '--full', '--strict')
      await rm(full)
      await writer.idle()
      assert.equal(git('rev-list', '--count', 'master'), '5')
      assert.equal(git('rev-parse', 'master~2'), before.head)
    } finally {
      await writer.stop()
    }
  })
})
