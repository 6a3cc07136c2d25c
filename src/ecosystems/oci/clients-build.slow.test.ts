import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { updatePackage } from '#core/packages/update-package.ts'
import { after, before, describe, test } from '#runtime/test.ts'
import { operator } from '#test/app.ts'
import { type ClientWorld, openClientWorld } from '#test/client-world.ts'
import { ClientHome, missing } from '#test/clients.ts'
import { digestOf, mediaTypes, randomBytes, randomWord } from '#test/oci-client.ts'
import { packageRef } from './name.ts'

for (const program of ['buildah', 'podman'] as const) {
  const skip = missing(program)

  describe(`oci with ${program}`, () => {
    let world: ClientWorld
    before(async () => {
      world = await openClientWorld()
    })
    after(() => world.close())

    /** A home of its own: what was pulled before must come over the wire again. */
    async function withHome(work: (home: ClientHome) => Promise<void>): Promise<void> {
      const home = await ClientHome.open(world.host)
      try {
        await work(home)
      } finally {
        await home.close()
      }
    }

    /** Builds an image with one new file; gives the file's bytes. */
    async function build(home: ClientHome, image: string, ...flags: string[]): Promise<Uint8Array> {
      const context = home.path(`context-${randomWord()}`)
      await mkdir(context)
      const bytes = randomBytes(5000)
      await writeFile(`${context}/file`, bytes)
      await writeFile(`${context}/Containerfile`, 'FROM scratch\nCOPY file /file\nCMD ["/file"]\n')
      await home.run(program, 'build', '--isolation', 'chroot', ...flags, '-t', image, context)
      return bytes
    }

    /** Pushes and gives the digest that the client says it pushed. */
    async function push(home: ClientHome, image: string, ...flags: string[]): Promise<string> {
      const file = home.path(`digest-${randomWord()}`)
      await home.run(program, 'push', '--digestfile', file, ...flags, image)
      return (await readFile(file, 'utf8')).trim()
    }

    function nameOf(repository: string, reference: string): string {
      return `${world.host}/${repository}${reference}`
    }

    /** The name that `images` gives and the digest it knows an image by. */
    async function digests(home: ClientHome): Promise<string> {
      return home.run(program, 'images', '--digests', '--no-trunc')
    }

    test('an image made from scratch is pushed, and pulled by tag and by digest', {
      skip,
    }, async () => {
      const repository = world.newRepository()
      const image = nameOf(repository, ':v1')
      await build(world.home, image)
      const digest = await push(world.home, image)
      const answer = await world.client.get(`/v2/${repository}/manifests/v1`)
      assert.equal(digestOf(answer.bytes), digest)
      assert.equal(answer.headers.get('content-type'), mediaTypes.image)
      for (const reference of [':v1', `@${digest}`]) {
        await withHome(async (home) => {
          await home.run(program, 'pull', nameOf(repository, reference))
          assert.match(await digests(home), new RegExp(digest))
        })
      }
    })

    test('what is pulled holds what was put in', { skip }, async () => {
      const image = nameOf(world.newRepository(), ':v1')
      const bytes = await build(world.home, image)
      await push(world.home, image)
      await withHome(async (home) => {
        // A build upon it pulls it by itself.
        const context = home.path('next')
        await mkdir(context)
        await writeFile(`${context}/Containerfile`, `FROM ${image}\nLABEL next=yes\n`)
        await home.run(program, 'build', '--isolation', 'chroot', '-t', 'localhost/next', context)
        const out = home.path('out.tar')
        await home.run(program, 'push', '-q', 'localhost/next', `docker-archive:${out}`)
        const archive = await readFile(out)
        assert.ok(archive.includes(bytes), 'the file is not in the archive')
      })
    })

    test('an image upon another brings its own layer only', { skip }, async () => {
      const base = world.newRepository()
      await build(world.home, nameOf(base, ':v1'))
      await push(world.home, nameOf(base, ':v1'))
      const context = world.home.path(`context-${randomWord()}`)
      await mkdir(context)
      await writeFile(`${context}/more`, randomBytes(100))
      const text = `FROM ${nameOf(base, ':v1')}\nCOPY more /more\n`
      await writeFile(`${context}/Containerfile`, text)
      const child = world.newRepository()
      const image = nameOf(child, ':v1')
      await world.home.run(program, 'build', '--isolation', 'chroot', '-t', image, context)
      await push(world.home, image)
      assert.equal((await world.audited('blob.mount', child)).length, 1)
      // The new layer and the config.
      assert.equal((await world.audited('blob.push', child)).length, 2)
    })

    test('docker v2 schema 2', { skip }, async () => {
      const repository = world.newRepository()
      const image = nameOf(repository, ':v1')
      await build(world.home, image)
      const digest = await push(world.home, image, '--format', 'v2s2')
      const answer = await world.client.get(`/v2/${repository}/manifests/${digest}`)
      assert.equal(answer.headers.get('content-type'), mediaTypes.dockerImage)
      await withHome(async (home) => {
        await home.run(program, 'pull', image)
        assert.match(await digests(home), new RegExp(digest))
      })
    })

    test('a manifest list of two platforms', { skip }, async () => {
      const { home } = world
      const repository = world.newRepository()
      const list = `localhost/${randomWord()}`
      await home.run(program, 'manifest', 'create', list)
      for (const arch of ['amd64', 'arm64']) {
        const image = `localhost/${randomWord()}-${arch}`
        await build(home, image, '--platform', `linux/${arch}`)
        await home.run(program, 'manifest', 'add', list, `containers-storage:${image}`)
      }
      const target = `docker://${nameOf(repository, ':v1')}`
      await home.run(program, 'manifest', 'push', '--all', list, target)
      const answer = await world.client.get(`/v2/${repository}/manifests/v1`)
      assert.equal(answer.headers.get('content-type'), mediaTypes.index)
      const { manifests } = JSON.parse(Buffer.from(answer.bytes).toString()) as {
        manifests: Array<{ platform: { architecture: string } }>
      }
      const platforms = manifests.map((one) => one.platform.architecture).sort()
      assert.deepEqual(platforms, ['amd64', 'arm64'])
      for (const arch of platforms) {
        await withHome(async (other) => {
          await other.run(
            program,
            'pull',
            '--arch',
            arch,
            '--os',
            'linux',
            nameOf(repository, ':v1'),
          )
          const flags = program === 'podman' ? ['image', 'inspect'] : ['inspect', '--type', 'image']
          const format = program === 'podman' ? '{{.Architecture}}' : '{{.OCIv1.Architecture}}'
          const image = nameOf(repository, ':v1')
          const said = await other.run(program, ...flags, '--format', format, image)
          assert.equal(said.trim(), arch)
        })
      }
    })

    test('a private repository: refused, wrong password, login, pull, push, logout', {
      skip,
    }, async () => {
      const { host, owner } = world
      const repository = world.newRepository()
      const image = nameOf(repository, ':v1')
      await build(world.home, image)
      await push(world.home, image)
      const visibility = 'private'
      await updatePackage(world.registry.app, operator, packageRef(repository), { visibility })
      await withHome(async (home) => {
        assert.match(await home.refuse(program, 'pull', image), /name unknown|unauthorized/)
        const wrong = await home.refuse(program, 'login', '-u', owner.name, '-p', 'wrong', host)
        assert.match(wrong, /invalid username\/password/)
        await home.run(program, 'login', '-u', owner.name, '-p', owner.secret, host)
        await home.run(program, 'pull', image)
        await push(home, image)
        await home.run(program, 'logout', host)
        await home.run(program, 'rmi', '-f', image)
        assert.match(await home.refuse(program, 'pull', image), /name unknown|unauthorized/)
      })
    })

    test('anybody pulls what is public; pushing takes a login', { skip }, async () => {
      const image = nameOf(world.newRepository(), ':v1')
      await build(world.home, image)
      await push(world.home, image)
      await withHome(async (home) => {
        await home.run(program, 'pull', image)
        assert.match(await home.refuse(program, 'push', image), /unauthorized/)
      })
    })
  })
}

describe('oci with podman: search', () => {
  const skip = missing('podman')
  let world: ClientWorld
  before(async () => {
    world = await openClientWorld()
  })
  after(() => world.close())

  test('search lists the catalog, and the tags of a repository', { skip }, async () => {
    const { anonymous, client, host } = world
    const [open, hidden] = [world.newRepository(), world.newRepository()]
    for (const tag of ['v1', 'v2', 'latest']) await client.pushImage(open, tag)
    await client.pushImage(hidden, 'v1')
    const visibility = 'private'
    await updatePackage(world.registry.app, operator, packageRef(hidden), { visibility })
    const found = await anonymous.run('podman', 'search', '--format', '{{.Name}}', `${host}/acme`)
    assert.deepEqual(found.trim().split('\n'), [`${host}/${open}`])
    const table = await anonymous.run('podman', 'search', '--list-tags', `${host}/${open}`)
    const tags = table.match(/\S+$/gm)
    assert.deepEqual(tags, ['TAG', 'latest', 'v1', 'v2'])
    const more = await world.home.run('podman', 'search', '--format', '{{.Name}}', `${host}/acme`)
    assert.ok(more.includes(hidden), more)
  })
})
