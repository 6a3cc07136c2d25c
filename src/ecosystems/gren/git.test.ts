import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { openGit } from '#adapters/git.ts'
import { collectRepositories } from '#core/git/collect-repositories.ts'
import { deletePackage } from '#core/packages/delete-package.ts'
import { updatePackage } from '#core/packages/update-package.ts'
import { revokeReleases } from '#core/releases/revoke-releases.ts'
import { yankRelease } from '#core/releases/yank-release.ts'
import { packet } from '#ecosystems/git-packets.ts'
import { ecosystems } from '#ecosystems/index.ts'
import { createFetch } from '#http/server.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { eventually } from '#test/actors.ts'
import { GIT, operator } from '#test/app.ts'
import {
  askGit,
  CLONE,
  type GitHome,
  type GitWorld,
  grenRelease,
  openGitWorld,
  publishGren,
  tagsOf,
  wantBody,
} from '#test/git-world.ts'
import { newUser, serveTestApp, testServerOptions } from '#test/served.ts'
import { packageRef } from './name.ts'

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
const listTags = (name: string) => world.listTags(name)

describe('gren by git', () => {
  test('a version is a tag with the files of its bundle', async () => {
    const name = await publish('1.0.0', '1.1.0')
    assert.deepEqual(await listTags(name), ['1.0.0', '1.1.0'])
    await home.run(...CLONE, '--depth', '1', '--branch', '1.0.0', urlOf(name), 'first')
    const files = (await home.run('-C', 'first', 'ls-files')).split('\n')
    assert.deepEqual(files, ['LICENSE', 'README.md', 'gren.json', 'src/Thing.gren'])
    const { outline, sources } = grenRelease(name, '1.0.0')
    const printed = await readFile(home.path('first/gren.json'), 'utf8')
    assert.equal(printed, `${JSON.stringify(outline, null, 4)}\n`)
    assert.equal(await readFile(home.path('first/src/Thing.gren'), 'utf8'), sources.Thing)
    await home.run('-C', 'first', 'fsck', '--strict')
    assert.equal(await home.run('-C', 'first', 'log', '--format=%s|%P'), `${name} 1.0.0|`)
  })

  test('modules lie in folders, and kernel code is JavaScript', async () => {
    const name = await publish()
    const release = grenRelease(name, '1.0.0')
    const sources = { 'A.B.C': 'module A.B.C exposing (..)\n', 'Gren.Kernel.X': '// js\n' }
    const outline = Object.fromEntries(Object.entries(release.outline).reverse())
    await publishGren(registry.app, { outline, sources })
    await home.run(...CLONE, urlOf(name), 'folders')
    const files = await home.run('-C', 'folders', 'ls-files', 'src')
    assert.deepEqual(files.split('\n'), ['src/A/B/C.gren', 'src/Gren/Kernel/X.js'])
    const printed = JSON.parse(await readFile(home.path('folders/gren.json'), 'utf8'))
    assert.deepEqual(Object.keys(printed), Object.keys(release.outline))
  })

  test('older protocols and partial clones work', async () => {
    const name = await publish('1.0.0', '1.1.0')
    for (const protocol of ['0', '1']) {
      const args = ['-c', `protocol.version=${protocol}`, ...CLONE]
      await home.run(...args, '--depth', '1', '--branch', '1.0.0', urlOf(name), `v${protocol}`)
      await home.run(...args, urlOf(name), `v${protocol}-whole`)
      assert.equal(await home.run('-C', `v${protocol}-whole`, 'tag'), '1.0.0\n1.1.0')
      assert.match(await readFile(home.path(`v${protocol}/gren.json`), 'utf8'), /"1\.0\.0"/)
    }
    const filter = ['--filter=blob:none', '--no-checkout']
    await home.run(...CLONE, ...filter, urlOf(name), 'partial')
    const missing = await home.run(
      '-C',
      'partial',
      'rev-list',
      '--all',
      '--objects',
      '--missing=print',
    )
    assert.match(missing, /^\?/m)
    await home.run('-C', 'partial', 'checkout', '--quiet', '1.0.0')
    assert.match(await readFile(home.path('partial/gren.json'), 'utf8'), /"1\.0\.0"/)
  })

  test('a commit is the same in every registry and after every rebuild', async () => {
    const name = await publish('1.0.0', '1.1.0')
    const listed = await home.run('ls-remote', urlOf(name))
    const other = await serveTestApp()
    try {
      await newUser(other.app, 'bob', { namespaces: ['acme'] })
      // In another order, and each with an update of its own.
      for (const version of ['1.1.0', '1.0.0']) {
        await publishGren(other.app, grenRelease(name, version))
        await home.run('ls-remote', `${other.url}/gren/${name}.git`)
      }
      assert.equal(await home.run('ls-remote', `${other.url}/gren/${name}.git`), listed)
    } finally {
      await other.stop()
    }
    await rm(join(registry.test.dir, 'git'), { recursive: true })
    assert.equal(await home.run('ls-remote', urlOf(name)), listed)
    await home.run(...CLONE, urlOf(name), 'rebuilt')
  })

  test('a revoked version is gone with its objects; others keep their ids; yanked ones stay', async () => {
    const name = await publish('1.0.0', '1.1.0', '1.2.0')
    const before = await home.run('ls-remote', '--tags', urlOf(name))
    const revoked = /^(\S+)\s+refs\/tags\/1\.1\.0$/m.exec(before)?.[1] ?? ''
    const want = wantBody(revoked)
    assert.match(await (await fetch(askGit(urlOf(name), want))).text(), /packfile/)
    await revokeReleases(registry.app, operator, packageRef(name), { version: '1.1.0' })
    await yankRelease(registry.app, operator, packageRef(name), {
      version: '1.0.0',
      isYanked: true,
    })
    const left = before.split('\n').filter((line) => !line.includes('1.1.0'))
    assert.equal(await home.run('ls-remote', '--tags', urlOf(name)), left.join('\n'))
    const again = await fetch(askGit(urlOf(name), want))
    const text = await again.text()
    assert.doesNotMatch(text, /packfile/)
    assert.match(text, /not our ref/)
    for (const protocol of ['0', '2']) {
      const args = ['-c', `protocol.version=${protocol}`, '-c', 'init.defaultBranch=x']
      await home.run(...args, 'init', '--quiet', `revoked-${protocol}`)
      const fetched = await home.try(
        ...args,
        '-C',
        `revoked-${protocol}`,
        'fetch',
        urlOf(name),
        revoked,
      )
      assert.notEqual(fetched.status, 0)
    }
    await revokeReleases(registry.app, operator, packageRef(name), {})
    assert.equal(await home.run('ls-remote', urlOf(name)), '')
    await home.run(...CLONE, urlOf(name), 'empty')
    assert.equal(await home.run('-c', 'protocol.version=0', 'ls-remote', urlOf(name)), '')
  })

  test('nobody hears which private packages there are; members clone them', async () => {
    const name = await publish('1.0.0')
    await home.run('ls-remote', urlOf(name))
    await updatePackage(registry.app, operator, packageRef(name), { visibility: 'private' })
    const answers: unknown[] = []
    for (const path of [name, 'acme/missing', 'nobody/missing']) {
      for (const what of ['info/refs?service=git-upload-pack', 'git-upload-pack']) {
        const post = { method: 'POST', body: '0000' }
        const url = `${urlOf(path)}/${what}`
        const response = await fetch(url, what.startsWith('git') ? post : {})
        const { status, headers } = response
        answers.push([status, headers.get('www-authenticate'), await response.text()])
      }
    }
    const expected = [401, 'Basic realm="git"', 'no such package, or one that needs a credential\n']
    assert.deepEqual(answers, Array(6).fill(expected))
    const refused = await home.try(...CLONE, urlOf(name), 'private')
    assert.match(refused.stderr, /could not read Username/)
    const withSecret = urlOf(name).replace('://', `://ann:${world.owner.secret}@`)
    await home.run(...CLONE, '--depth', '1', '--branch', '1.0.0', withSecret, 'private')
    const stranger = await newUser(registry.app, 'eve')
    const asStranger = urlOf(name).replace('://', `://eve:${stranger.secret}@`)
    assert.match((await home.try(...CLONE, asStranger, 'no')).stderr, /not found/)
    const wrong = urlOf(name).replace('://', '://ann:wrong@')
    assert.match((await home.try(...CLONE, wrong, 'no')).stderr, /Authentication failed/)
  })

  test('a publish that was acknowledged is seen, by another process too', async () => {
    const name = await publish('1.0.0')
    const twin = await registry.test.openTwin()
    const other = createFetch(twin, ecosystems, testServerOptions())
    const ofTwin = async () => {
      const body = `${packet('command=ls-refs')}0001${packet('ref-prefix refs/tags/')}0000`
      const response = await other(askGit(urlOf(name), body), { remoteAddress: () => '127.0.0.1' })
      return tagsOf(await response.text()).length
    }
    for (let count = 1; count <= 5; count++) {
      assert.equal((await listTags(name)).length, count)
      await eventually(async () => assert.equal(await ofTwin(), count))
      await publishGren(registry.app, grenRelease(name, `1.${count}.0`))
    }
  })

  test('on a host of its own the path is the one that GitHub has', async () => {
    const own = await serveTestApp({}, { hosts: { gren: ['localhost'] } })
    try {
      await newUser(own.app, 'cyd', { namespaces: ['acme'] })
      await publishGren(own.app, grenRelease('acme/hosted', '1.0.0'))
      const base = own.url.replace('127.0.0.1', 'localhost')
      const settings = ['-c', `url.${base}/.insteadOf=https://github.com/`]
      const url = 'https://github.com/acme/hosted.git'
      await home.run(...settings, ...CLONE, '--depth', '1', '--branch', '1.0.0', url, 'hosted')
      assert.match(
        await home.run(...settings, 'ls-remote', `${base}/git/acme/hosted.git`),
        /1\.0\.0/,
      )
    } finally {
      await own.stop()
    }
  })

  test('a damaged repository mends itself', async () => {
    const name = await publish('1.0.0', '1.1.0')
    await listTags(name)
    const root = join(registry.test.dir, 'git')
    const packs = readdirSync(root, { recursive: true, encoding: 'utf8' })
    for (const file of packs) if (file.endsWith('.pack')) await rm(join(root, file))
    await home.run(...CLONE, '--depth', '1', '--branch', '1.0.0', urlOf(name), 'mended')
  })

  test('a release that cannot be read does not hide the others', async () => {
    const name = await publish('1.0.0')
    const odd = grenRelease(name, '1.1.0')
    await publishGren(registry.app, { ...odd, sources: { '../../x': 'oh' } })
    const errors: string[] = []
    const log = { ...registry.app.log, error: (_: object, text: string) => errors.push(text) }
    const fetchIt = createFetch({ ...registry.app, log }, ecosystems, testServerOptions())
    const url = `${registry.url}/gren/git/${name}.git/info/refs?service=git-upload-pack`
    const response = await fetchIt(new Request(url), { remoteAddress: () => '127.0.0.1' })
    assert.deepEqual(tagsOf(await response.text()), ['1.0.0'])
    assert.deepEqual(errors, ['a release is missing in git'])
  })

  test('what nobody can reach any more is collected', async () => {
    const [kept, revoked, deleted] = [
      await publish('1.0.0'),
      await publish('1.0.0', '1.1.0'),
      await publish('1.0.0'),
    ]
    for (const name of [kept, revoked, deleted]) await listTags(name)
    await revokeReleases(registry.app, operator, packageRef(revoked), { version: '1.0.0' })
    await deletePackage(registry.app, operator, packageRef(deleted))
    assert.equal((await collectRepositories(registry.app)).length, 2)
    assert.deepEqual(await collectRepositories(registry.app), [])
    assert.deepEqual(await listTags(kept), ['1.0.0'])
    assert.deepEqual(await listTags(revoked), ['1.1.0'])
  })

  test('without git the rest works, and git is told why', async () => {
    const name = await publish('1.0.0')
    const git = openGit({ ...GIT, program: 'no-git', root: '/nonexistent', log: registry.app.log })
    const log = { ...registry.app.log, error: () => {} }
    const fetchIt = createFetch({ ...registry.app, git, log }, ecosystems, testServerOptions())
    const url = `${registry.url}/gren/git/${name}.git/info/refs?service=git-upload-pack`
    const response = await fetchIt(new Request(url), { remoteAddress: () => '127.0.0.1' })
    assert.equal(response.status, 503)
    assert.match(await response.text(), /git is needed for this/)
  })
})

describe('hostile git clients', () => {
  test('bodies that are no request', async () => {
    const url = urlOf(await publish('1.0.0'))
    const fetchIt = packet('command=fetch')
    const none = '0'.repeat(39)
    const cases: Array<[string, number]> = [
      ['garbage', 400],
      ['ffff', 400],
      ['0003', 400],
      ['-001', 400],
      ['0002', 400],
      [packet('command=object-info'), 400],
      [packet('command=../../x'), 400],
      [`${fetchIt}0001${packet('want nothing')}0000`, 400],
      ['0000', 200],
      ['', 200],
      [wantBody(`${none}1`), 200],
      [`${packet('command=ls-refs')}0001${packet(`ref-prefix ${'x'.repeat(60_000)}`)}0000`, 200],
    ]
    for (const version of ['version=2', 'version=1', '', 'version=99:x', 'version=2:version=1']) {
      for (const [body, status] of cases) {
        const answer = await fetch(askGit(url, body, { 'git-protocol': version }))
        const text = await answer.text()
        if (version === 'version=2') assert.equal(answer.status, status, `${body}: ${text}`)
        assert.ok(answer.status < 500, `${version} ${body}: ${answer.status} ${text}`)
        assert.ok(!text.includes(registry.test.dir), text)
      }
    }
  })

  test('bodies that are too large, or packed', async () => {
    const url = urlOf(await publish('1.0.0'))
    const statusOf = async (body: string | Uint8Array<ArrayBuffer>, headers: object) =>
      (await fetch(askGit(url, body, headers))).status
    const packed = { 'content-encoding': 'gzip' }
    const question = `${packet('command=ls-refs')}0000`
    assert.equal(await statusOf('0'.repeat(2_000_000), {}), 413)
    assert.equal(await statusOf(new Uint8Array(gzipSync(question)), packed), 200)
    assert.equal(await statusOf(new Uint8Array(gzipSync(Buffer.alloc(100_000_000))), packed), 413)
    assert.equal(await statusOf(question, packed), 400)
    assert.equal(await statusOf(question, { 'content-encoding': 'br' }), 415)
    assert.equal(await statusOf(question, { 'content-type': 'text/plain' }), 415)
  })

  test('paths that are no package, and what is not served', async () => {
    const name = await publish('1.0.0')
    const query = 'info/refs?service=git-upload-pack'
    const cases: Array<[string, number, string?]> = [
      [`git/${name}.git/${query}`, 200],
      [`${name}.git/${query}`, 200],
      [`git/${name}/${query}`, 404],
      [`git/${name}.git/info/refs`, 404],
      [`git/${name}.git/info/refs?service=git-receive-pack`, 403],
      [`git/${name}.git/info/refs?service=git-upload-archive`, 404],
      [`git/${name}.git/git-receive-pack`, 403, 'POST'],
      [`git/${name}.git/git-upload-pack`, 405],
      [`git/${name}.git/HEAD`, 404],
      [`git/${name}.git/objects/info/packs`, 404],
      [`git/acme/.git/${query}`, 404],
      [`git/acme/..git/${query}`, 400],
      [`git/acme/%2e%2e.git/${query}`, 400],
      [`git/acme/a%2fb.git/${query}`, 400],
      [`git/%2e%2e/x.git/${query}`, 404],
      [`git/acme/x%00.git/${query}`, 400],
      [`git/acme/-x.git/${query}`, 400],
      [`git/acme/${'x'.repeat(3000)}.git/${query}`, 400],
    ]
    for (const [path, status, method = 'GET'] of cases) {
      const answer = await fetch(`${registry.url}/gren/${path}`, { method })
      assert.equal(answer.status, status, `${path}: ${await answer.text()}`)
    }
    const push = await home.try('push', urlOf(name), 'HEAD:refs/heads/x')
    assert.notEqual(push.status, 0)
  })
})
