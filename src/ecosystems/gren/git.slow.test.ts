import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { after, before, describe, test } from '#runtime/test.ts'
import { eventually } from '#test/actors.ts'
import {
  askGit,
  CLONE,
  type GitHome,
  type GitWorld,
  grenRelease,
  minorVersions,
  openGitWorld,
  publishGren,
  tagsOf,
  wantBody,
} from '#test/git-world.ts'

let world: GitWorld
let home: GitHome
let registry: GitWorld['registry']

before(async () => {
  world = await openGitWorld()
  home = world.home
  registry = world.registry
})
after(() => world.close())

const publish = (...versions: string[]) => world.publish(...versions)
const urlOf = (name: string) => world.urlOf(name)

describe('gren by git, at length', () => {
  test('a clone has every tag, and a fetch what came since', async () => {
    const name = await publish(...minorVersions(70))
    await home.run(...CLONE, urlOf(name), 'whole')
    assert.equal((await home.run('-C', 'whole', 'tag')).split('\n').length, 70)
    assert.equal(await home.run('-C', 'whole', 'branch', '--show-current'), 'main')
    assert.match(await readFile(home.path('whole/gren.json'), 'utf8'), /"version": "1\.69\.0"/)
    await publishGren(registry.app, grenRelease(name, '2.0.0'))
    await home.run('-C', 'whole', 'fetch', '--quiet')
    assert.equal((await home.run('-C', 'whole', 'tag')).split('\n').length, 71)
    assert.equal(
      await home.run('-C', 'whole', 'rev-parse', 'origin/main'),
      await home.run('-C', 'whole', 'rev-parse', '2.0.0'),
    )
  })

  test('a list of tags fits into 4,096 bytes, and older tags are there nevertheless', async () => {
    const name = await publish(...minorVersions(100), '10000000.10000000.10000000')
    for (const protocol of ['2', '1', '0']) {
      const version = ['-c', `protocol.version=${protocol}`]
      const listed = await home.run(...version, 'ls-remote', '--tags', urlOf(name))
      assert.ok(listed.length < 4096, `${listed.length} bytes`)
      const tags = tagsOf(listed)
      assert.equal(tags.length, 60)
      assert.ok(tags.includes('1.99.0') && tags.includes('10000000.10000000.10000000'))
      assert.ok(!tags.includes('1.5.0'))
    }
    await home.run(...CLONE, '--depth', '1', '--branch', '1.5.0', urlOf(name), 'older')
    assert.match(await readFile(home.path('older/gren.json'), 'utf8'), /"1\.5\.0"/)
    const head = await home.run('ls-remote', '--symref', urlOf(name), 'HEAD')
    assert.match(head, /^ref: refs\/heads\/main\tHEAD\n/)
    const exact = await home.run('ls-remote', urlOf(name), 'refs/tags/1.5.0')
    assert.deepEqual(tagsOf(exact), ['1.5.0'])
  })

  test('thirty clones at once of what nobody asked for before', async () => {
    const name = await publish(...minorVersions(20))
    const all = await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        home.try(...CLONE, '--depth', '1', '--branch', `1.${n % 20}.0`, urlOf(name), `c${n}`),
      ),
    )
    assert.deepEqual(
      all.filter(({ status }) => status !== 0),
      [],
    )
  })

  test('a client that hangs up ends the process that works for it', async () => {
    const name = await publish()
    const release = grenRelease(name, '1.0.0')
    const noise = Array.from({ length: 6 }, (_, n) => [`Noise${n}`, randomText(2_000_000)])
    await publishGren(registry.app, { ...release, sources: Object.fromEntries(noise) })
    const [line = ''] = (await home.run('ls-remote', urlOf(name))).split('\n')
    const body = wantBody(line.slice(0, 40))
    for (let round = 0; round < 5; round++) {
      const leaving = new AbortController()
      const answer = await fetch(askGit(urlOf(name), body), { signal: leaving.signal })
      const reader = answer.body?.getReader()
      await reader?.read()
      assert.ok(gitProcesses() > 0, 'git is at work')
      leaving.abort()
    }
    await eventually(async () => assert.equal(gitProcesses(), 0))
    await home.run(...CLONE, urlOf(name), 'noise')
  })
})

/** Text that cannot be compressed much. */
function randomText(length: number): string {
  let text = ''
  while (text.length < length) {
    text += Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))).toString('base64')
  }
  return text
}

/** Children of this process that are git (Linux). */
function gitProcesses(): number {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      const [, name, parent] =
        /\((.*)\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
      return name === 'git' && Number(parent) === process.pid
    } catch {
      return false
    }
  }).length
}
