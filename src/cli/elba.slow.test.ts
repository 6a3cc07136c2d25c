import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { environment } from '#config.ts'
import { digestOf } from '#core/blobs/digest.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { eventually } from '#test/actors.ts'
import { elbaManifest } from '#test/elba-world.ts'
import { openOldElba } from '#test/old-elba.ts'
import { openTestCli, PROGRAM, type Ran, type StartedServer, type TestCli } from './test-cli.ts'

describe('entrepot elba', () => {
  let cli: TestCli
  let server: StartedServer
  let registry: string
  let ann: string

  before(async () => {
    cli = await openTestCli()
    const ok = async (...args: string[]) => succeed(await cli.run(args)).trim()
    for (const name of ['ann', 'sam']) {
      await ok('user', 'create', name, '--email', `${name}@example.org`)
    }
    ann = await ok('token', 'create', '--user', 'ann', '--scope', 'read,publish')
    server = await cli.serve()
    registry = `${server.url}/elba`
  })
  after(() => cli.close())

  /** Runs `entrepot elba …` in a home of its own. */
  async function elba(home: string, args: readonly string[], env: Record<string, string> = {}) {
    await mkdir(join(cli.dir, home), { recursive: true })
    const HOME = join(cli.dir, home)
    return await cli.run(['elba', ...args], { HOME, ELBA_REGISTRY: registry, ...env })
  }

  async function project(folder: string, version = '1.0.0', about = ''): Promise<string> {
    const root = join(cli.dir, folder)
    for (const inner of ['src/A', '.git', 'target', 'src/target']) {
      await mkdir(join(root, inner), { recursive: true })
    }
    const name = 'Acme/Json_Lib'
    const files: Record<string, string> = {
      'elba.toml': elbaManifest({ name, version, about: `exclude = ["*.out"]\n${about}` }),
      'elba.lock': '',
      'README.md': '# json\n',
      'src/A/B.idr': 'module A.B\n',
      'src/A/B.ibc': 'built',
      'src/a.out': 'built',
      'src/target/keep.idr': 'module Keep\n',
      '.gitignore': '*.ibc\n',
      '.git/HEAD': 'ref: refs/heads/master\n',
      'target/x.tar.gz': 'built',
    }
    for (const [path, text] of Object.entries(files)) await writeFile(join(root, path), text)
    return folder
  }

  test('packs the same tree to the same bytes, without what is built, ignored or excluded', async () => {
    await project('one')
    await project('two')
    const [first, second] = await Promise.all(
      ['one', 'two'].map((folder) => elba('nobody', ['publish', folder, '--dry-run', '--json'])),
    )
    assert.ok(first && second)
    const packed = JSON.parse(succeed(first)) as { files: Array<{ path: string }> }
    assert.deepEqual(JSON.parse(succeed(second)), packed)
    assert.deepEqual(packed.files.map(({ path }) => path).sort(), [
      '.gitignore',
      'README.md',
      'elba.lock',
      'elba.toml',
      'src/A/B.idr',
      'src/target/keep.idr',
    ])
  })

  test('what the registry would refuse is said before anything is sent', async () => {
    await project('bad', '1.0', 'license = "mine"\nsince = 2019')
    const dead = { ELBA_REGISTRY: 'http://127.0.0.1:1/elba' }
    const bad = await elba('nobody', ['publish', 'bad'], dead)
    assert.deepEqual([bad.code, bad.stdout], [1, ''])
    assert.match(bad.stderr, /bad cannot be published: elba\.toml: .*"1\.0" is no version/)
    assert.match(bad.stderr, /"mine" is no SPDX expression.*"since" is not known here/)
    assert.match(bad.stderr, /nothing was sent\n$/)
    await project('linked')
    await symlink('/etc/passwd', join(cli.dir, 'linked', 'src', 'passwd'))
    const linked = await elba('nobody', ['publish', 'linked'], dead)
    assert.match(linked.stderr, /src\/passwd.*no links/)
    const none = await elba('nobody', ['publish', 'nowhere'], dead)
    assert.match(none.stderr, /there is no elba\.toml in nowhere/)
    for (const spec of ['acme/json', 'acme/json@1', 'json@1.0.0']) {
      assert.equal((await elba('nobody', ['yank', spec])).code, 2, spec)
    }
    const plain = await elba('nobody', ['search', 'x', '--registry', 'http://example.org/elba'])
    assert.match(plain.stderr, /is not encrypted.*\n.*ELBA_ALLOW_INSECURE_REGISTRY=1/)
  })

  test('login keeps a token that works, for its owner alone', async () => {
    const file = join(cli.dir, 'ann', '.elba', 'credentials.toml')
    const wrong = await elba('ann', ['login', 'nonsense'])
    assert.equal(wrong.code, 1)
    assert.ok(!wrong.stderr.includes('nonsense'))
    assert.ok(!existsSync(file))
    const env = { HOME: join(cli.dir, 'ann'), ELBA_REGISTRY: registry }
    const good = await cli.shell(`echo '${ann}' | '${PROGRAM}' elba login`, env)
    assert.match(succeed(good), /^ann is logged in to http/)
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    assert.ok((await readFile(file, 'utf8')).includes(ann))
  })

  test('publish, search, yank and unyank', async () => {
    await project('one')
    const nobody = await elba('nobody', ['publish', 'one'])
    assert.equal(nobody.code, 1)
    assert.match(nobody.stderr, /elba login TOKEN/)
    const published = succeed(await elba('ann', ['publish', 'one']))
    assert.match(
      published,
      /^published Acme\/Json_Lib 1\.0\.0 \(6 files, .*\nsha256:[0-9a-f]{64}\n$/,
    )
    const again = await elba('ann', ['publish', 'one'])
    assert.equal(again.code, 1)
    assert.match(again.stderr, /exists already\n.*take the next number/)
    const byToken = await elba('fresh', ['publish', await project('one', '1.0.1')], {
      ELBA_REGISTRY_TOKEN: ann,
    })
    succeed(byToken)
    assert.equal(succeed(await elba('fresh', ['search', 'json'])), 'Acme/Json_Lib\n')
    const file = `${registry}/api/v1/packages/acme/json-lib/1.0.0/download`
    const bytes = new Uint8Array(await (await fetch(file)).arrayBuffer())
    assert.ok(published.includes(digestOf(bytes)))
    const release = 'acme/json-lib|1.0.0'
    assert.match(succeed(await elba('ann', ['yank', release])), /^yanked /)
    assert.match((await elba('ann', ['yank', release])).stderr, /is yanked already/)
    succeed(await elba('ann', ['unyank', 'acme/json-lib@1.0.0', '--json']))
    assert.equal((await elba('fresh', ['yank', release])).code, 1)
    assert.ok(!server.stderr().includes(ann), 'no token in the log')
  })

  describe('import', () => {
    const NAMES = ['first', 'fourth', 'second', 'third']
    const GIT_ENV = {
      PATH: environment().PATH ?? '',
      HOME: '/nonexistent',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'bot',
      GIT_AUTHOR_EMAIL: 'bot@example.org',
      GIT_COMMITTER_NAME: 'bot',
      GIT_COMMITTER_EMAIL: 'bot@example.org',
    }

    test('of a git repository, killed in the middle; the next one goes on, the third does nothing', async () => {
      const old = await openOldElba()
      try {
        const releases = NAMES.map((name) => ({ name: `old_group/${name}`, version: '1.0.0' }))
        await old.add(...releases)
        await symlink('/etc', join(old.folder, 'etc'))
        for (const args of [
          ['init', '-q', '-b', 'master'],
          ['add', '.'],
          ['commit', '-qm', 'x'],
        ]) {
          execFileSync('git', ['-C', old.folder, ...args], { env: GIT_ENV })
        }
        await old.write('index.toml', 'not what was committed')
        const held = old.hold('/old-group_second_1.0.0.tar.gz')
        const source = `index+git+file://${old.folder}#master`
        const args = ['elba', 'import', source, '--owner', 'sam']
        const killed = cli.shell(`echo $$ > pid; exec '${PROGRAM}' ${args.join(' ')}`)
        await held
        process.kill(Number(await readFile(join(cli.dir, 'pid'), 'utf8')), 'SIGKILL')
        assert.equal((await killed).code, null)
        await old.hold(undefined)
        const second = await cli.run([...args, '--json'])
        assert.deepEqual(JSON.parse(succeed(second)), {
          imported: 2,
          present: 2,
          skipped: [],
          failed: [],
        })
        const third = succeed(await cli.run(args))
        assert.equal(third, 'imported 0 releases, 4 were here already, skipped 0, failed 0\n')
        const found = succeed(await elba('fresh', ['search', 'fourth']))
        assert.equal(found, 'old_group/fourth\n')
        const archive = old.archive('/old-group_fourth_1.0.0.tar.gz')
        const file = `${registry}/api/v1/packages/old-group/fourth/1.0.0/download`
        const bytes = new Uint8Array(await (await fetch(file)).arrayBuffer())
        assert.equal(digestOf(bytes), digestOf(archive))
        const groups = succeed(await cli.run(['member', 'list', 'old-group']))
        assert.match(groups, /^sam\t.*admin/)
      } finally {
        await old.close()
      }
    })

    test('of the index that this registry has itself: all is here', async () => {
      await eventually(async () => {
        const args = ['elba', 'import', `${registry}/index.git`, '--owner', 'ann', '--json']
        const report = JSON.parse(succeed(await cli.run(args)))
        assert.deepEqual(report, { imported: 0, present: 6, skipped: [], failed: [] })
      })
    })

    test('failures are listed, with exit code 1', async () => {
      const old = await openOldElba()
      try {
        await old.add(
          { name: 'sad/one', version: '1.0.0', location: `tar+${old.url}/none` },
          { name: 'sad/one', version: '1.0.1', location: 'git+https://example.org/one' },
        )
        const { code, stdout } = await cli.run(['elba', 'import', old.folder, '--owner', 'sam'])
        assert.equal(code, 1)
        const [sum, ...rest] = stdout.trim().split('\n')
        assert.equal(sum, 'imported 0 releases, 0 were here already, skipped 1, failed 1')
        assert.match(
          rest.join('\n'),
          /^skipped sad\/one 1\.0\.1: .*\nfailed sad\/one 1\.0\.0: .*404$/,
        )
      } finally {
        await old.close()
      }
    })

    const wrong: ReadonlyArray<readonly [args: string, code: number, says: RegExp]> = [
      ['.', 2, /--owner/],
      ['. --owner ann', 1, /there is no index at \./],
      ['. --owner ann --tarballs nowhere', 1, /there is no folder nowhere/],
      ['ext::sh --owner ann', 1, /there is no index at ext::sh/],
      ['--owner ann -- --upload-pack=x', 1, /there is no index/],
      ['index+tar+https://example.org/i.tar.gz --owner ann', 1, /unpack it/],
      ['http://127.0.0.1:1/index.git --owner ann', 1, /cannot fetch the index: fatal/],
      ['http://u:geheim@127.0.0.1:1/i.git --owner ann', 1, /cannot fetch the index: fatal/],
      ['http://u:geheim@127.0.0.1:1/i.git#--x --owner ann', 1, /is no branch/],
    ]
    for (const [args, code, says] of wrong) {
      test(`entrepot elba import ${args}: refused`, async () => {
        const ran = await cli.run(['elba', 'import', ...args.split(' ')])
        assert.deepEqual([ran.code, ran.stdout], [code, ''])
        assert.match(ran.stderr, says)
        assert.ok(!ran.stderr.includes('geheim'))
      })
    }

    test('an owner who is not there', async () => {
      const old = await openOldElba()
      const ran = await cli.run(['elba', 'import', old.folder, '--owner', 'nobody'])
      await old.close()
      assert.deepEqual([ran.code, ran.stdout], [1, ''])
      assert.match(ran.stderr, /there is no user nobody\n.*user list/)
    })
  })
})

function succeed({ code, stdout, stderr }: Ran): string {
  assert.equal(code, 0, stderr)
  return stdout
}
