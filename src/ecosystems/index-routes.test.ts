import assert from 'node:assert/strict'
import { deletePackage } from '#core/packages/delete-package.ts'
import { updatePackage } from '#core/packages/update-package.ts'
import { yankRelease } from '#core/releases/yank-release.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { eventually } from '#test/actors.ts'
import { operator } from '#test/app.ts'
import { CLONE } from '#test/git-world.ts'
import { elbaRef, type IndexWorld, openIndexWorld, publishElba } from '#test/index-world.ts'

let w: IndexWorld

before(async () => {
  w = await openIndexWorld()
})
after(() => w.close())

async function textOf(answer: Response | Promise<Response>): Promise<[number, string]> {
  const { status } = await answer
  return [status, await (await answer).text()]
}

describe('the index of elba', () => {
  test('is there from the start, before anybody published', async () => {
    const [status, text] = await textOf(w.get('/index/index.toml'))
    assert.equal(status, 200)
    assert.ok(text.includes(`registry = "${w.registry.url}/elba/"`))
    await w.home.run(...CLONE, w.git, 'empty')
    assert.deepEqual(await w.filesOf('empty'), { 'index.toml': text })
    assert.deepEqual(await w.archiveFiles(), { 'index.toml': text })
  })

  test('says the same as git, as archive and file by file', async () => {
    await publishElba(w.app, 'Foo_Bar/Baz', '1.0.0')
    await publishElba(w.app, 'acme/-x', '1.0.0')
    await publishElba(w.app, 'acme/json', '0.1.0')
    await publishElba(w.app, 'acme/json', '0.2.0')
    await yankRelease(w.app, operator, elbaRef('acme/json'), { version: '0.1.0', isYanked: true })
    await w.writer.idle()
    await w.home.run(...CLONE, w.git, 'whole')
    const files = await w.filesOf('whole')
    assert.deepEqual(Object.keys(files), ['acme/-x', 'acme/json', 'foo-bar/baz', 'index.toml'])
    assert.deepEqual(await w.archiveFiles(), files)
    for (const [path, text] of Object.entries(files)) {
      assert.deepEqual(await textOf(w.get(`/index/${path}`)), [200, text])
    }
    const lines = (files['acme/json'] ?? '').trimEnd().split('\n')
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)).map(({ version, yanked }) => [version, yanked]),
      [
        ['0.1.0', true],
        ['0.2.0', false],
      ],
    )
    assert.match(files['foo-bar/baz'] ?? '', /^\{"name":"Foo_Bar\/Baz"/)
    assert.equal(await w.home.run('-C', 'whole', 'branch', '--show-current'), 'master')
  })

  test('files and archive have ETags; a file comes from memory, and follows a change at once', async () => {
    const path = '/index/acme/json'
    for (const one of [path, '/index.tar.gz']) {
      const first = await w.get(one)
      await first.arrayBuffer()
      const etag = first.headers.get('etag') ?? ''
      assert.match(etag, /^"[\w-]+"$/)
      assert.equal((await w.get(one, { 'if-none-match': etag })).status, 304)
      const again = await w.get(one)
      await again.arrayBuffer()
      assert.equal(again.headers.get('etag'), etag)
      const head = await fetch(`${w.registry.url}/elba${one}`, { method: 'HEAD' })
      assert.deepEqual([head.status, head.headers.get('etag')], [200, etag])
    }
    // What comes from memory has no request of its own.
    await eventually(async () => assert.ok(!(await w.get(path)).headers.has('x-request-id')))
    await publishElba(w.app, 'acme/json', '0.3.0')
    assert.match((await textOf(w.get(path)))[1], /0\.3\.0/)
    await updatePackage(w.app, operator, elbaRef('acme/json'), { visibility: 'private' })
    assert.equal((await textOf(w.get(path)))[0], 404)
    await w.writer.idle()
    assert.ok(!Object.keys(await w.archiveFiles()).includes('acme/json'))
    await updatePackage(w.app, operator, elbaRef('acme/json'), { visibility: 'public' })
    await w.writer.idle()
    assert.match((await textOf(w.get(path)))[1], /0\.3\.0/)
  })

  test('is named by the registry', async () => {
    const { url } = w.registry
    const { ecosystems } = (await (await fetch(`${url}/.well-known/entrepot`)).json()) as {
      ecosystems: Array<{ id: string; url: string; index?: unknown }>
    }
    assert.deepEqual(
      ecosystems.find(({ id }) => id === 'elba'),
      {
        id: 'elba',
        label: 'elba (Idris)',
        url: `${url}/elba/`,
        index: {
          git: `${url}/elba/index.git`,
          archive: `${url}/elba/index.tar.gz`,
          files: `${url}/elba/index/`,
        },
      },
    )
    assert.equal(ecosystems.find(({ id }) => id === 'oci')?.index, undefined)
  })

  test('by git: fetch, shallow, without blobs, protocols 0 to 2, without the smart protocol', async () => {
    await w.home.run(...CLONE, w.git, 'old')
    await publishElba(w.app, 'acme/later', '1.0.0')
    await w.writer.idle()
    await w.home.run('-C', 'old', 'pull', '--quiet', '--ff-only')
    const files = await w.filesOf('old')
    assert.ok('acme/later' in files)
    const ways: Record<string, readonly string[]> = {
      shallow: ['--depth', '1'],
      partial: ['--filter=blob:none'],
      v0: ['-c', 'protocol.version=0'],
      v1: ['-c', 'protocol.version=1'],
    }
    for (const [name, options] of Object.entries(ways)) {
      await w.home.run(...CLONE, ...options, w.git, name)
      assert.deepEqual(await w.filesOf(name), files, name)
    }
    assert.equal(await w.home.run('-C', 'shallow', 'rev-list', '--count', 'HEAD'), '1')
    const dumb = await w.home.run('-c', 'http.followRedirects=false', 'ls-remote', w.git)
    assert.match(dumb, /refs\/heads\/master/)
    await w.home.runDumb(...CLONE, w.git, 'dumb')
    assert.deepEqual(await w.filesOf('dumb'), files)
    await publishElba(w.app, 'acme/later', '2.0.0')
    await w.writer.idle()
    await w.home.runDumb('-C', 'dumb', 'pull', '--quiet', '--ff-only')
    assert.match((await w.filesOf('dumb'))['acme/later'] ?? '', /2\.0\.0/)
    await w.home.run('-C', 'dumb', 'fsck', '--full', '--strict')
  })

  test('nobody can push, and no path leads out of it', async () => {
    await w.home.run(...CLONE, w.git, 'pushing')
    const pushed = await w.home.try('-C', 'pushing', 'push', 'origin', 'HEAD:other')
    assert.notEqual(pushed.status, 0)
    assert.match(pushed.stderr, /403/)
    const paths = [
      '/index.git',
      '/index.git/',
      '/index.git/config',
      '/index.git/packed-refs',
      '/index.git/objects/pack/',
      '/index.git/objects/pack/..%2f..%2fconfig',
      '/index.git/objects/pack/%2e%2e/config',
      '/index.git/objects/pack/pack-0000000000000000000000000000000000000000.pack',
      '/index.git/objects/info/alternates',
      '/index.git/objects/aa/bb',
      '/index/',
      '/index/acme',
      '/index/acme/',
      '/index/acme/nothing',
      '/index/..%2findex.toml',
      '/index/%2e%2e/index.toml',
      '/index/ACME/later',
      '/index/acme%2flater',
      '/index/acme/later%0a',
      `/index/${'a'.repeat(5000)}`,
    ]
    for (const path of paths) assert.equal((await textOf(w.get(path)))[0], 404, path)
    for (const path of ['/index/acme/later', '/index.tar.gz']) {
      const answer = await fetch(`${w.registry.url}/elba${path}`, { method: 'DELETE' })
      assert.equal((await textOf(answer))[0], 405)
    }
  })

  test('a package that is deleted goes', async () => {
    await deletePackage(w.app, operator, elbaRef('acme/later'))
    assert.equal((await textOf(w.get('/index/acme/later')))[0], 404)
    await w.writer.idle()
    assert.ok(!('acme/later' in (await w.archiveFiles())))
  })

  test('what was acknowledged a second ago is in, also when no writer runs', async () => {
    await w.writer.stop()
    await publishElba(w.app, 'acme/orphan', '1.0.0')
    await new Promise((resolve) => setTimeout(resolve, 750))
    await w.home.run(...CLONE, w.git, 'orphan')
    assert.ok('acme/orphan' in (await w.filesOf('orphan')))
  })
})
