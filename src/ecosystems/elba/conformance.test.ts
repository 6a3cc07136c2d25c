import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type IndexWriter, startIndexWriter } from '#core/index/index-writer.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { elbaManifest } from '#test/elba-world.ts'
import { GitHome } from '#test/git-world.ts'
import { archiveOf, rawEntry } from '#test/raw-tar.ts'
import { newUser, type ServedRegistry, serveTestApp } from '#test/served.ts'
import { type ElbaClient, elbaClient } from './client-fixture.ts'

/** As Rust's tar library writes them: GNU headers. */
function packGnu(files: readonly { path: string; bytes: Uint8Array }[]): Uint8Array {
  return archiveOf(
    ...files.map(({ path, bytes }) => rawEntry({ name: path, body: bytes, magic: 'ustar  \0' })),
  )
}

for (const form of ['git', 'tar'] as const) {
  describe(`elba 0.3.x with the index as ${form}`, () => {
    let writer: IndexWriter
    let git: GitHome
    let registry: ServedRegistry
    let home: string
    let secret: string
    let client: ElbaClient
    const indexFolder = () => join(home, 'index')

    before(async () => {
      home = await mkdtemp(join(tmpdir(), 'elba-home-'))
      registry = await serveTestApp()
      git = await GitHome.open()
      writer = startIndexWriter(registry.app, { pollMs: 50, pauseMs: 10 })
      secret = (await newUser(registry.app, 'ann')).secret
      client = elbaClient({
        dataFolder: join(home, 'data'),
        index:
          form === 'git'
            ? `index+git+${registry.url}/elba/index.git#master`
            : `index+tar+${registry.url}/elba/index.tar.gz`,
        indexFolder: indexFolder(),
        pack: packGnu,
      })
      await refreshIndex()
    })
    after(async () => {
      await writer.stop()
      await registry.stop()
      await git.close()
      await rm(home, { recursive: true, force: true })
    })

    /** As a server has it by now; its own writer does this within a second. */
    const refreshIndex = async () => {
      await writer.idle()
      await rm(indexFolder(), { recursive: true, force: true })
      await fetchIndex[form]()
    }
    const fetchIndex = {
      git: async () => {
        await git.run('clone', '--quiet', `${registry.url}/elba/index.git`, indexFolder())
      },
      tar: async () => {
        const answer = await fetch(`${registry.url}/elba/index.tar.gz`)
        const archive = join(home, 'index.tar.gz')
        await writeFile(archive, new Uint8Array(await answer.arrayBuffer()))
        await mkdir(indexFolder())
        execFileSync('tar', ['-xzf', archive, '-C', indexFolder()])
      },
    }
    const project = async (draft: { name: string; version: string; tables?: string }) => {
      const folder = await mkdtemp(join(home, 'project-'))
      await mkdir(join(folder, 'src/A'), { recursive: true })
      await mkdir(join(folder, '.git'))
      await writeFile(join(folder, '.git/HEAD'), 'ref: refs/heads/master\n')
      await writeFile(join(folder, 'elba.toml'), elbaManifest(draft))
      await writeFile(join(folder, 'README.md'), `# ${draft.name}\n`)
      await writeFile(join(folder, 'src/A/B.idr'), `-- ${draft.version}\n`)
      return folder
    }

    test('does not publish without a login, nor with a wrong token', async () => {
      const folder = await project({ name: 'acme/json', version: '1.0.0' })
      await assert.rejects(client.publish(folder))
      await client.login('nonsense')
      await assert.rejects(client.publish(folder), /"error":"user_not_found"/)
      await client.login(secret)
    })

    test('publishes, resolves and retrieves, in every spelling of the name', async () => {
      await client.publish(await project({ name: 'Foo_Bar/Baz_Lib', version: '1.0.0' }))
      await client.publish(
        await project({
          name: 'acme/json',
          version: '0.1.0+b1',
          tables: '[dependencies]\n"foo-bar/Baz_lib" = "1.0"\n',
        }),
      )
      await refreshIndex()
      for (const spelling of ['Foo_Bar/Baz_Lib', 'foo-bar/baz-lib', 'FOO_bar/BAZ-lib']) {
        const [line] = (await client.resolve(spelling)) ?? []
        assert.ok(line, spelling)
        assert.equal(line.name, 'Foo_Bar/Baz_Lib')
        assert.equal(line.yanked, false)
        const files = await client.retrieve(line)
        assert.deepEqual([...files.keys()].sort(), ['README.md', 'elba.toml', 'src/A/B.idr'])
      }
      const [json] = (await client.resolve('acme/json')) ?? []
      assert.ok(json)
      assert.equal(json.version, '0.1.0+b1')
      assert.deepEqual(json.dependencies, [
        { name: 'Foo_Bar/Baz_Lib', index: null, req: '>=1.0.0 <2.0.0' },
      ])
      const files = await client.retrieve(json)
      assert.equal(Buffer.from(files.get('src/A/B.idr') ?? []).toString(), '-- 0.1.0+b1\n')
      assert.equal(await client.resolve('acme/nothing'), undefined)
    })

    test('shows what it is told when a publish is refused', async () => {
      const again = await project({ name: 'Foo_Bar/Baz_Lib', version: '1.0.0' })
      await assert.rejects(client.publish(again), /"error":"no_permission".*exists already/)
      const bad = await project({ name: 'acme/bad', version: '1.0.0', tables: '[x]\n' })
      await assert.rejects(client.publish(bad), /"error":"invalid_manifest"/)
      const needy = await project({
        name: 'acme/needy',
        version: '1.0.0',
        tables: '[dependencies]\n"acme/nothing" = "1"\n',
      })
      await assert.rejects(client.publish(needy), /"error":"dependency_not_found"/)
    })

    test('yanks and takes it back; who has the line still gets the archive', async () => {
      const yanked = async () => {
        await refreshIndex()
        return (await client.resolve('Foo_Bar/Baz_Lib'))?.map((line) => line.yanked)
      }
      await client.yank('Foo_Bar/Baz_Lib|1.0.0')
      assert.deepEqual(await yanked(), [true])
      await assert.rejects(client.yank('foo-bar/baz-lib|1.0.0'), /yanked already/)
      const [line] = (await client.resolve('Foo_Bar/Baz_Lib')) ?? []
      assert.ok(line)
      assert.equal((await client.retrieve(line)).size, 3)
      await client.yank('foo_bar/BAZ_LIB|1.0.0', false)
      assert.deepEqual(await yanked(), [false])
      await client.yank('acme/json|0.1.0+b1')
      await refreshIndex()
      assert.equal((await client.resolve('acme/json'))?.[0]?.yanked, true)
    })

    test('lines stay in the order of publishing', async () => {
      for (const version of ['1.2.0', '1.1.0', '2.0.0-rc.1']) {
        await client.publish(await project({ name: 'Foo_Bar/Baz_Lib', version }))
      }
      await refreshIndex()
      const lines = (await client.resolve('Foo_Bar/Baz_Lib')) ?? []
      assert.deepEqual(
        lines.map(({ version }) => version),
        ['1.0.0', '1.2.0', '1.1.0', '2.0.0-rc.1'],
      )
      for (const line of lines) assert.equal((await client.retrieve(line)).size, 3)
    })

    test('does not take another archive for the one of the line', async () => {
      const [line] = (await client.resolve('Foo_Bar/Baz_Lib')) ?? []
      assert.ok(line)
      const location = line.location.replace('/1.0.0/', '/1.2.0/')
      await assert.rejects(client.retrieve({ ...line, location }), /checksum does not match/)
      const missing = line.location.replace('/1.0.0/', '/9.0.0/')
      await assert.rejects(
        client.retrieve({ ...line, location: missing }),
        /checksum does not match/,
      )
    })
  })
}
