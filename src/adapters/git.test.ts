import assert from 'node:assert/strict'
import { chmod, mkdtemp, readdir, rm, truncate, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Log } from '#core/app.ts'
import { RegistryError } from '#core/errors.ts'
import { commitCommands, DONE, resetCommand } from '#core/git/fast-import.ts'
import type { Git } from '#core/git/git.ts'
import { packet } from '#ecosystems/git-packets.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { failsWith } from '#test/actors.ts'
import { GIT } from '#test/app.ts'
import { type GitOptions, openGit } from './git.ts'

const warnings: string[] = []
const log: Log = {
  debug: () => {},
  info: () => {},
  warn: (_, message) => warnings.push(message),
  error: () => {},
}
let root = ''

const open = (changes: Partial<GitOptions> = {}): Git => openGit({ ...GIT, root, log, ...changes })

async function* commands(versions: readonly string[]): AsyncGenerator<string | Uint8Array> {
  for (const version of versions) {
    const files = [{ path: 'src/A.gren', content: `version ${version}\n` }]
    yield* commitCommands({ ref: `refs/tags/${version}`, message: version, at: 0, files })
  }
  yield resetCommand('refs/heads/main', `refs/tags/${versions.at(-1)}`)
  yield DONE
}

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'entrepot-git-'))
})
after(() => rm(root, { recursive: true, force: true }))

describe('git', () => {
  test('a repository is there as soon as something was imported, and grows', async () => {
    const git = open()
    assert.match(await git.version(), /^git version 2\./)
    assert.equal(await git.find('a/1'), undefined)
    const made = await git.import('a/1', commands(['1.0.0', '1.1.0']))
    assert.deepEqual([...made.refs.keys()].sort(), [
      'refs/heads/main',
      'refs/tags/1.0.0',
      'refs/tags/1.1.0',
    ])
    const grown = await git.import('a/1', commands(['2.0.0']))
    assert.equal(grown.refs.size, 4)
    assert.equal(grown.refs.get('refs/tags/1.0.0'), made.refs.get('refs/tags/1.0.0'))
    assert.equal(grown.refs.get('refs/heads/main'), grown.refs.get('refs/tags/2.0.0'))
    assert.deepEqual(await open().find('a/1'), grown)
    await git.import('a/2', commands(['1.0.0']))
    assert.deepEqual(await git.list('a'), ['a/1', 'a/2'])
    await git.discard('a/1')
    await git.discard('a/1')
    assert.deepEqual([await git.find('a/1'), await git.list('a')], [undefined, ['a/2']])
    assert.deepEqual(await readdir(join(root, 'tmp')), [])
  })

  test('an import that fails leaves nothing behind', async () => {
    const git = open()
    async function* broken() {
      yield 'commit refs/tags/1.0.0\n'
      throw new Error('the source failed')
    }
    await assert.rejects(git.import('b/1', broken()), /the source failed/)
    async function* nonsense() {
      yield 'nonsense\n'
    }
    await assert.rejects(git.import('b/1', nonsense()), /Unsupported command/)
    async function* cutOff() {
      for await (const part of commands(['1.0.0'])) if (part !== DONE) yield part
    }
    await assert.rejects(git.import('b/1', cutOff()), /done/)
    assert.equal(await git.find('b/1'), undefined)
    assert.deepEqual(await readdir(join(root, 'tmp')), [])
  })

  test('many imports, also by several processes at once, leave few packs and all refs', async () => {
    const [one, other] = [open(), open()]
    const versions = Array.from({ length: 14 }, (_, n) => `1.${n}.0`)
    await one.import('c/1', commands(['1.0.0']))
    for (const version of versions) {
      const results = await Promise.allSettled([
        one.import('c/1', commands([version])),
        other.import('c/1', commands([version])),
      ])
      const failed = results.every(({ status }) => status === 'rejected')
      assert.equal(failed, false, `nobody imported ${version}`)
    }
    const found = await open().find('c/1')
    assert.equal(found?.refs.size, versions.length + 1)
    const packs = await readdir(join(root, 'c', '1.git', 'objects', 'pack'))
    const count = packs.filter((file) => file.endsWith('.pack')).length
    assert.ok(count <= 13, `${count} packs`)
  })

  test('what another process added is seen, and what it took away', async () => {
    const [one, other] = [open(), open()]
    await one.import('h/1', commands(['1.0.0']))
    assert.equal((await other.find('h/1'))?.refs.size, 2)
    const grown = await one.import('h/1', commands(['1.1.0']))
    assert.deepEqual(await other.find('h/1'), grown)
    const dir = join(root, 'h', '1.git', 'objects', 'pack')
    const [oldest = ''] = (await readdir(dir)).filter((file) => file.endsWith('.pack'))
    await unlink(join(dir, oldest))
    assert.equal(await other.find('h/1'), undefined)
    assert.equal(await one.find('h/1'), undefined)
  })

  test('a new repository made by two at once is one', async () => {
    const both = await Promise.all([
      open().import('d/1', commands(['1.0.0'])),
      open().import('d/1', commands(['1.0.0'])),
    ])
    assert.deepEqual(both[0], both[1])
  })

  test('a damaged repository is not there any more', async () => {
    for (const harm of [unlink, (path: string) => truncate(path, 40)]) {
      const git = open()
      await git.import('e/1', commands(['1.0.0', '1.1.0']))
      const dir = join(root, 'e', '1.git', 'objects', 'pack')
      for (const file of await readdir(dir)) {
        await chmod(join(dir, file), 0o600)
        if (file.endsWith('.pack')) await harm(join(dir, file))
      }
      warnings.length = 0
      assert.equal(await open().find('e/1'), undefined)
      assert.equal(warnings.length, 1)
      assert.equal(await git.find('e/1'), undefined)
    }
  })

  test('what cannot be read any more is looked at again', async () => {
    const git = open()
    const { refs } = await git.import('f/1', commands(['1.0.0']))
    const dir = join(root, 'f', '1.git', 'objects', 'pack')
    for (const file of await readdir(dir)) {
      if (!file.endsWith('.pack')) continue
      await chmod(join(dir, file), 0o600)
      await writeFile(join(dir, file), Buffer.alloc(200, 1))
    }
    const { signal } = new AbortController()
    const want = packet(`want ${refs.get('refs/tags/1.0.0')}\n`)
    const body = Buffer.from(`${packet('command=fetch')}0001${packet('done\n')}${want}0000`)
    await git.find('f/1')
    const ask = async () => {
      const stream = await git.uploadPack('f/1', { protocol: 2, body, signal })
      return await new Response(stream).text()
    }
    // What git says ends without a whole pack, or nothing is said.
    assert.doesNotMatch(await ask().catch(String), /0000$/)
    assert.equal(await git.find('f/1'), undefined)
  })

  test('a machine without git says so', async () => {
    const git = open({ program: 'git-that-is-not-there' })
    await assert.rejects(git.version(), (error) => {
      assert.ok(error instanceof RegistryError)
      assert.equal(error.code, 'unavailable')
      assert.match(error.message, /no git-that-is-not-there/)
      return true
    })
    await assert.rejects(git.import('g/1', commands(['1.0.0'])), failsWith('unavailable'))
  })

  test('what takes too long is ended; the next in line goes on', async () => {
    const program = join(root, 'slow-git')
    await writeFile(program, '#!/bin/sh\nexec sleep 30\n', { mode: 0o755 })
    const git = open({ program, maxSeconds: 0.2, maxProcesses: 1 })
    const startedAt = Date.now()
    const both = await Promise.allSettled([git.version(), git.version()])
    assert.ok(Date.now() - startedAt < 5000)
    for (const one of both) {
      assert.match(String(one.status === 'rejected' && one.reason), /took more than/)
    }
  })

  test('who waits too long for a place hears so, and leaves the line', async () => {
    const program = join(root, 'slower-git')
    await writeFile(program, '#!/bin/sh\nexec sleep 30\n', { mode: 0o755 })
    const git = open({ program, maxSeconds: 1, maxProcesses: 1, maxWaitSeconds: 0.1 })
    const first = git.version()
    await assert.rejects(git.version(), (error) => {
      assert.ok(error instanceof RegistryError)
      assert.deepEqual([error.code, error.retryAfterSeconds], ['unavailable', 5])
      assert.match(error.message, /too many/)
      return true
    })
    await assert.rejects(first, /took more than/)
    await assert.rejects(git.version(), /took more than/)
  })

  test('names stay inside the folder', async () => {
    for (const name of ['../x', '/etc', 'a//b', 'a/..', 'A', 'a/b.git', '']) {
      await assert.rejects(open().find(name), /not a name/)
    }
  })
})
